import { Link } from "react-router";
import { number } from "../kit/format";
import { runAt } from "../shell/addresses";
import type { BulkWork } from "./useBulkWork";

/** How many refusals are spelled out. */
const SHOWN = 50;

/** How far a call for several runs has come, and what was refused. */
export function BulkOutcome({
  namespace,
  work,
  onStop,
  onClose,
}: {
  namespace: string;
  work: BulkWork;
  onStop(): void;
  onClose(): void;
}) {
  const { total, over } = work;
  const { done, refused } = work.result;
  const left = total - done - refused.size;
  return (
    <section className={refused.size ? "notice bad" : "notice good"} aria-label="Result">
      {!over && <progress aria-label="Runs dealt with" max={total} value={total - left} />}
      <p role="status">
        {number(done)} done{refused.size > 0 && `, ${number(refused.size)} refused`}
        {left > 0 && `, ${number(left)} ${over ? "left as they were" : "to go"}`}.
      </p>
      {refused.size > 0 && (
        <ul>
          {[...refused].slice(0, SHOWN).map(([id, why]) => (
            <li key={id}>
              <Link to={runAt(namespace, id)} className="id">
                {id}
              </Link>
              : {why}
            </li>
          ))}
          {refused.size > SHOWN && <li>and {number(refused.size - SHOWN)} more</li>}
        </ul>
      )}
      <button type="button" className="button small" onClick={over ? onClose : onStop}>
        {over ? "Close" : "Stop"}
      </button>
    </section>
  );
}
