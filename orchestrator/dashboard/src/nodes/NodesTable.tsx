import { useState } from "react";
import { ended, failureRate } from "../figures/figures";
import { duration, number, percent } from "../kit/format";
import { OldestAge } from "../queues/OldestAge";
import { QueueSwitch } from "../queues/QueueSwitch";
import { useMay } from "../session/SessionContext";
import type { Column, NodeRow } from "./rows";

/** How many rows are shown at first. */
const SHOWN = 200;
/** Past this part of failed attempts a node is marked. */
const MANY = 0.1;

const HEADS: readonly { column: Column; text: string; title: string }[] = [
  { column: "runtimes", text: "Runtimes", title: "runtimes that execute it and are alive" },
  { column: "waiting", text: "Waiting", title: "states that wait for a runtime" },
  { column: "running", text: "Running", title: "states that runtimes have taken" },
  { column: "ended", text: "Ended", title: "attempts that ended in the last hour" },
  { column: "failed", text: "Failed", title: "part of these attempts that failed, tried again or not" },
  { column: "p50", text: "p50", title: "half of the attempts took no longer" },
  { column: "p95", text: "p95", title: "95 of 100 attempts took no longer" },
];

export function NodesTable({
  namespace,
  rows,
  by,
  chosen,
  readAt,
  onSort,
  onChoose,
}: {
  namespace: string;
  rows: readonly NodeRow[];
  by: Column;
  chosen: string;
  /** When the queues were read, in unix ms. */
  readAt: number;
  onSort(by: Column): void;
  onChoose(name: string): void;
}) {
  const [all, setAll] = useState(false);
  const maySteer = useMay("steer");
  const shown = all ? rows : rows.slice(0, SHOWN);
  return (
    <>
      <div className="scroll">
        <table className="table sortable">
          <caption className="unseen">Nodes; attempts and times are those of the last hour</caption>
          <thead>
            <tr>
              <Head by={by} column="name" text="Node" title="name of the node" onSort={onSort} />
              {HEADS.map((head) => (
                <Head key={head.column} {...head} by={by} right onSort={onSort} />
              ))}
              {maySteer && (
                <th scope="col">
                  <span className="unseen">Steer</span>
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <tr key={row.name} className={row.name === chosen ? "chosen" : undefined}>
                <td>
                  <button
                    type="button"
                    className="link name"
                    title={row.name}
                    aria-pressed={row.name === chosen}
                    onClick={() => onChoose(row.name === chosen ? "" : row.name)}
                  >
                    {row.name}
                  </button>{" "}
                  {row.queue?.paused && <span className="badge retried">paused</span>}{" "}
                  {row.registered === null && <span className="badge">not registered</span>}
                </td>
                <td className="right">
                  {row.runtimes.length > 0 ? (
                    number(row.runtimes.length)
                  ) : (
                    <span className="badge errored">none</span>
                  )}
                </td>
                <td className="right">
                  {row.queue && row.queue.depth > 0 && row.queue.oldest_age_ms !== null && (
                    <span className="hint">
                      oldest <OldestAge ageMs={row.queue.oldest_age_ms} readAt={readAt} />
                      {" · "}
                    </span>
                  )}
                  {number(row.queue?.depth ?? 0)}
                </td>
                <td className="right">{number(row.queue?.running ?? 0)}</td>
                <td className="right">{row.figures && number(ended(row.figures))}</td>
                <td className="right">
                  <Failed rate={row.figures && failureRate(row.figures)} />
                </td>
                <td className="right">{told(row.figures?.ran_p50_ms)}</td>
                <td className="right">{told(row.figures?.ran_p95_ms)}</td>
                {maySteer && (
                  <td className="right">
                    <QueueSwitch namespace={namespace} node={row.name} paused={row.queue?.paused ?? false} />
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {shown.length < rows.length && (
        <button type="button" className="button small" onClick={() => setAll(true)}>
          Show all {number(rows.length)}
        </button>
      )}
    </>
  );
}

function Head({
  column,
  text,
  title,
  by,
  right,
  onSort,
}: {
  column: Column;
  text: string;
  title: string;
  by: Column;
  right?: boolean;
  onSort(by: Column): void;
}) {
  const here = by === column;
  const direction = column === "name" ? "ascending" : "descending";
  return (
    <th scope="col" className={right ? "right" : undefined} aria-sort={here ? direction : "none"}>
      <button type="button" className="sort" title={title} onClick={() => onSort(column)}>
        {text}
        <span aria-hidden="true">{here ? (column === "name" ? " ↑" : " ↓") : ""}</span>
      </button>
    </th>
  );
}

function Failed({ rate }: { rate: number | null }) {
  if (rate === null) return null;
  return <span className={rate >= MANY ? "problem" : undefined}>{percent(rate)}</span>;
}

function told(ms: number | null | undefined): string {
  return ms == null ? "" : duration(ms);
}
