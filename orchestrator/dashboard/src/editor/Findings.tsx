import { number } from "../kit/format";
import { lineOf } from "./findings";
import type { Finding } from "./parse";

/** What is wrong, as a list that leads to each place. */
export function Findings({
  findings,
  text,
  isChecking,
  isRight,
  onGo,
}: {
  findings: readonly Finding[];
  text: string;
  isChecking: boolean;
  /** Whether it was judged as it stands, and nothing was found. */
  isRight: boolean;
  onGo(finding: Finding): void;
}) {
  return (
    <section className="card findings" aria-label="What is wrong">
      <p role="status" className="row">
        {findings.length > 0 ? (
          <span className="badge errored">
            {number(findings.length)} {findings.length === 1 ? "finding" : "findings"}
          </span>
        ) : (
          isRight && <span className="badge success">valid: it can run</span>
        )}
        {isChecking && <span className="hint">checking…</span>}
      </p>
      {findings.length > 0 && (
        <ol>
          {findings.map((finding) => (
            <li key={`${finding.from} ${finding.message}`}>
              {finding.placed ? (
                <button type="button" className="link" onClick={() => onGo(finding)}>
                  line {number(lineOf(text, finding.from))}
                </button>
              ) : (
                <span className="hint">the whole</span>
              )}
              <span>{finding.message}</span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
