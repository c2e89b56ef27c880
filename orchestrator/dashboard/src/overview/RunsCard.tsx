import { useMemo } from "react";
import { Link } from "react-router";
import type { FoundRuns } from "../api/types";
import { Chart } from "../chart/Chart";
import type { Series } from "../chart/series";
import { Answer } from "../kit/Answer";
import { Empty } from "../kit/Empty";
import { duration, number } from "../kit/format";
import { graphsAt } from "../shell/addresses";
import { buckets, type End, ENDS } from "./activity";
import { NEWEST, useNewestRuns } from "./useOverview";

const COLOURS: Readonly<Record<End, Series["colour"]>> = {
  SUCCESS: "--success",
  PENDING: "--pending",
  FAILED: "--errored",
  CANCELLED: "--cancelled",
};

/** Runs over time by how they stand. */
export function RunsCard({
  namespace,
  within,
  backMs,
}: {
  namespace: string;
  within: string;
  backMs: number;
}) {
  const runs = useNewestRuns(namespace, backMs);
  return (
    <section className="card" aria-label="Runs">
      <h2>
        Runs{" "}
        <span className="hint">
          {runs.data?.next_cursor ? `the newest ${number(NEWEST)} of the last ${within}` : `last ${within}`}
        </span>
      </h2>
      <Answer query={runs}>
        {(found) =>
          found.runs.length === 0 ? (
            <Empty title={`No runs in the last ${within}`}>
              <p>
                Start one from the page of a <Link to={graphsAt(namespace)}>graph</Link>, or look further
                back.
              </p>
            </Empty>
          ) : (
            <RunsChart found={found} now={runs.dataUpdatedAt} backMs={backMs} />
          )
        }
      </Answer>
    </section>
  );
}

function RunsChart({ found, now, backMs }: { found: FoundRuns; now: number; backMs: number }) {
  const drawn = useMemo(() => {
    // Where there are more than were read, the time before the oldest of these is not known.
    const oldest = Date.parse(found.runs.at(-1)?.created_at ?? "");
    const from = found.next_cursor === null ? now - backMs : oldest;
    const { span, buckets: bars } = buckets(found.runs, from, now);
    return {
      span,
      data: {
        times: bars.map((bar) => bar.from / 1000),
        spanS: span / 1000,
        series: ENDS.map((end) => ({
          label: end.toLowerCase(),
          colour: COLOURS[end],
          values: bars.map((bar) => bar.counts[end]),
        })),
      },
    };
  }, [found, now, backMs]);
  return (
    <Chart
      data={drawn.data}
      kind="bars"
      label={`Runs by status, by when they were created, in steps of ${duration(drawn.span)}`}
      format={number}
    />
  );
}
