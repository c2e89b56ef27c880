import type { RunSummary } from "../api/types";
import { duration, number } from "../kit/format";
import { classOf } from "../run/classes";
import { buckets, ENDS } from "./activity";

/** Runs over time, a bar for each span, in the colours of how they stand. */
export function RunsChart({ runs, now }: { runs: readonly RunSummary[]; now: number }) {
  const { span, buckets: bars } = buckets(runs, now);
  const most = Math.max(1, ...bars.map((bar) => sum(bar.counts)));
  return (
    <figure className="chart">
      <div
        className="bars"
        role="img"
        aria-label={`Runs started per ${duration(span)}, at most ${number(most)}`}
      >
        {bars.map((bar) => (
          <span key={bar.from} className="column" title={titleOf(bar.from, bar.counts)}>
            {ENDS.map((end) => (
              <span
                key={end}
                className={classOf(end)}
                style={{ height: `${((bar.counts[end] / most) * 100).toFixed(2)}%` }}
              />
            ))}
          </span>
        ))}
      </div>
      <figcaption className="row hint">
        <span>{bars[0] && new Date(bars[0].from).toLocaleString()}</span>
        <span className="spring" />
        {ENDS.map((end) => (
          <span key={end}>
            <span className={`dot ${classOf(end)}`} aria-hidden="true" />{" "}
            {number(runs.filter((run) => run.status === end).length)} {end.toLowerCase()}
          </span>
        ))}
        <span className="spring" />
        <span>now</span>
      </figcaption>
    </figure>
  );
}

function sum(counts: Record<string, number>): number {
  return Object.values(counts).reduce((all, one) => all + one, 0);
}

function titleOf(from: number, counts: Record<string, number>): string {
  const parts = Object.entries(counts).filter(([, count]) => count > 0);
  const words = parts.map(([status, count]) => `${count} ${status.toLowerCase()}`).join(", ");
  return `${new Date(from).toLocaleString()}: ${words || "no runs"}`;
}
