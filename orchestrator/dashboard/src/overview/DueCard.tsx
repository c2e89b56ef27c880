import { Link } from "react-router";
import type { Schedule } from "../api/types";
import { useSchedules } from "../graphs/useGraphs";
import { Answer } from "../kit/Answer";
import { Time } from "../kit/Time";
import { graphAt } from "../shell/addresses";

const SHOWN = 8;

/** Schedules that fire next. */
export function DueCard({ namespace }: { namespace: string }) {
  const schedules = useSchedules(namespace);
  return (
    <section className="card" aria-label="Due next">
      <h2>Due next</h2>
      <Answer query={schedules}>
        {(found) => <Due namespace={namespace} schedules={found.schedules} />}
      </Answer>
    </section>
  );
}

function Due({ namespace, schedules }: { namespace: string; schedules: readonly Schedule[] }) {
  const next = schedules
    .filter((one) => one.next_due !== null && !one.paused)
    .sort((one, other) => (one.next_due ?? "").localeCompare(other.next_due ?? ""))
    .slice(0, SHOWN);
  if (next.length === 0) {
    return <p className="hint">nothing: no graph has a schedule that is not paused</p>;
  }
  return (
    <ul className="plain">
      {next.map((one) => (
        <li key={`${one.graph_name} ${one.index}`} className="row">
          <Link className="name" title={one.graph_name} to={graphAt(namespace, one.graph_name)}>
            {one.graph_name}
          </Link>
          <code>{one.expression}</code>
          <span className="hint">{one.timezone}</span>
          <span className="spring" />
          {one.next_due && <Time at={one.next_due} />}
        </li>
      ))}
    </ul>
  );
}
