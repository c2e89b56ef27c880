import { useMemo, useState } from "react";
import type { Graph } from "../api/types";
import { number } from "../kit/format";
import { Problem } from "../kit/Problem";
import { Spinner } from "../kit/Spinner";
import { useVersion } from "../run/useRun";
import { changesOf, type DiffLine, diffOf, folded, type Stretch } from "./diff";
import { templateOf } from "./template";
import { textOf } from "./text";

/** What changed from one version of a graph to another, as lines of its declaration. */
export function VersionDiff({
  namespace,
  graph,
  before,
  after,
}: {
  namespace: string;
  graph: string;
  before: number;
  after: number;
}) {
  const old = useVersion(namespace, graph, before);
  const now = useVersion(namespace, graph, after);
  const lines = useMemo(
    () => (old.data && now.data ? diffOf(declared(old.data), declared(now.data)) : []),
    [old.data, now.data],
  );
  const error = old.error ?? now.error;
  if (error) return <Problem error={error} />;
  if (!old.data || !now.data) return <Spinner what="Loading both versions" />;
  const { added, removed } = changesOf(lines);
  if (added + removed === 0) {
    return (
      <p className="hint">
        {before === after
          ? "This is one and the same version."
          : "No line differs. A new value of a secret makes a version, too; values of secrets are never shown."}
      </p>
    );
  }
  return (
    <>
      <p className="hint">
        {number(added)} {added === 1 ? "line" : "lines"} added, {number(removed)} removed
      </p>
      <div className="diff-box">
        <table className="diff">
          <caption className="unseen">
            Changes from version {before} to version {after}
          </caption>
          <thead className="unseen">
            <tr>
              <th scope="col">Line before</th>
              <th scope="col">Line after</th>
              <th scope="col">Change</th>
              <th scope="col">Text</th>
            </tr>
          </thead>
          {folded(lines).map((stretch) => (
            <Lines
              key={`${stretch.lines[0]?.before ?? "+"} ${stretch.lines[0]?.after ?? "-"}`}
              stretch={stretch}
            />
          ))}
        </table>
      </div>
    </>
  );
}

function Lines({ stretch }: { stretch: Stretch }) {
  const [open, setOpen] = useState(false);
  if (stretch.folded && !open) {
    return (
      <tbody>
        <tr className="folded">
          <td colSpan={4}>
            <button type="button" className="link" onClick={() => setOpen(true)}>
              Show {number(stretch.lines.length)} unchanged {stretch.lines.length === 1 ? "line" : "lines"}
            </button>
          </td>
        </tr>
      </tbody>
    );
  }
  return (
    <tbody>
      {stretch.lines.map((line) => (
        <tr key={`${line.before ?? "+"} ${line.after ?? "-"}`} className={line.kind}>
          <td className="number">{line.before}</td>
          <td className="number">{line.after}</td>
          <td className="sign">
            <Sign kind={line.kind} />
          </td>
          <td>
            <code>{line.text}</code>
          </td>
        </tr>
      ))}
    </tbody>
  );
}

function Sign({ kind }: { kind: DiffLine["kind"] }) {
  if (kind === "same") return null;
  return (
    <>
      <span aria-hidden="true">{kind === "added" ? "+" : "−"}</span>
      <span className="unseen">{kind}</span>
    </>
  );
}

/** With the names of its secrets, which are a part of a version. */
function declared(graph: Graph): string {
  const secrets = Object.keys(graph.secrets).sort();
  return textOf({ ...templateOf(graph), ...(secrets.length > 0 ? { secrets } : {}) }, "yaml");
}
