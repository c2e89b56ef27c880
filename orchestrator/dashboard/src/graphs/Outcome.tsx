import { Link } from "react-router";
import type { Schema } from "../api/types";
import { short } from "../kit/format";
import { Time } from "../kit/Time";
import { runAt } from "../shell/addresses";

/** What came of a firing: a run, or why there is none. */
export function Outcome({ namespace, firing }: { namespace: string; firing: Schema<"FiringBody"> }) {
  return (
    <>
      {firing.run_id && (
        <Link className="id" to={runAt(namespace, firing.run_id)} title={firing.run_id}>
          {short(firing.run_id)}
        </Link>
      )}
      {firing.error && <span className="problem">{firing.error}</span>}
      {firing.skipped && <span className="hint">skipped: {firing.skipped}</span>}{" "}
      <span className="hint">
        <Time at={firing.fired_at} />
      </span>
    </>
  );
}
