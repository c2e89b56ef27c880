/** What the node wrote while it executed a state, as it comes in. */

import { CopyButton } from "../kit/CopyButton";
import { useWritten } from "./useWritten";
import { fieldsOf } from "./written";

interface Place {
  namespace: string;
  runId: string;
  stateId: string;
}

export function WrittenLines({ namespace, runId, stateId }: Place) {
  const { lines, left, stream, problem } = useWritten(namespace, runId, stateId);
  return (
    <section>
      <h3>
        Lines{" "}
        {lines.length > 0 && <CopyButton text={lines.map((one) => one.text).join("\n")} what="the lines" />}
      </h3>
      {problem && <p className="hint">{problem}</p>}
      {left > 0 && <p className="hint">{left} before these are not shown</p>}
      {lines.length === 0 && !problem && (
        <p className="hint">{stream === "ended" ? "none" : "none so far"}</p>
      )}
      {lines.length > 0 && (
        <ol className="lines" aria-label="Lines that the node wrote">
          {lines.map((line) => (
            <li key={line.id} className={`line ${line.level.toLowerCase()}`}>
              <time dateTime={line.at}>{line.at.slice(11, 23)}</time>{" "}
              {line.kind !== "progress" && <span className="level">{line.level.toLowerCase()}</span>}{" "}
              {line.attempt > 1 && <span className="hint">attempt {line.attempt}</span>}{" "}
              <span className="text">{line.text}</span> <span className="hint">{fieldsOf(line)}</span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
