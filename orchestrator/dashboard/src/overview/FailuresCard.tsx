import { Link } from "react-router";
import { Answer } from "../kit/Answer";
import { number } from "../kit/format";
import { Time } from "../kit/Time";
import { runAt, runsAt } from "../shell/addresses";
import { type Failure, grouped } from "./activity";
import { useFailures } from "./useOverview";

const SHOWN = 8;

/** What went wrong, by kind. */
export function FailuresCard({
  namespace,
  within,
  backMs,
}: {
  namespace: string;
  within: string;
  backMs: number;
}) {
  const failures = useFailures(namespace, backMs);
  return (
    <section className="card" aria-label="Failures">
      <h2>
        Failures <span className="hint">last {within}</span>
      </h2>
      <Answer query={failures}>
        {(found) => <Failures namespace={namespace} failures={grouped(found)} />}
      </Answer>
      <p className="hint">
        Errors of the newest failed runs.{" "}
        <Link to={`${runsAt(namespace)}?status=FAILED&within=${within}`}>All failed runs</Link>
      </p>
    </section>
  );
}

function Failures({ namespace, failures }: { namespace: string; failures: readonly Failure[] }) {
  if (failures.length === 0) return <p className="hint">none</p>;
  return (
    <ul className="plain">
      {failures.slice(0, SHOWN).map((failure) => (
        <li key={failure.stateId} className="failure">
          <Link
            to={`${runAt(namespace, failure.runId)}?state=${encodeURIComponent(failure.stateId)}`}
            title={failure.text}
          >
            {failure.text}
          </Link>
          <span className="hint">
            {number(failure.count)} × in {failure.identifiers.join(", ")}, last <Time at={failure.newest} />
          </span>
        </li>
      ))}
      {failures.length > SHOWN && <li className="hint">and {number(failures.length - SHOWN)} other kinds</li>}
    </ul>
  );
}
