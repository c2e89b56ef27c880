/** When each state of a run waited and ran: a picture of it, or a table of the same. */

import { useEffect, useEffectEvent, useMemo, useState } from "react";
import type { Run } from "../api/types";
import { Empty } from "../kit/Empty";
import { number } from "../kit/format";
import { Problem } from "../kit/Problem";
import { Spinner } from "../kit/Spinner";
import { useNow } from "../kit/useNow";
import { useRested } from "../live/useRested";
import type { Counts } from "../run/classes";
import { lanesOf, rowsOf } from "./lanes";
import { TimelineChart } from "./TimelineChart";
import { TimelineTable } from "./TimelineTable";
import { useTimeline } from "./useTimeline";

/** A run that goes on is read again at most so often, in ms. */
const AGAIN_MS = 2000;

interface Shown {
  namespace: string;
  run: Run;
  /** Grows with each thing that is told of the run. */
  version: number;
  countsOf(identifier: string): Counts;
  /** The one node whose states are shown, or nothing. */
  identifier: string;
  chosen: string;
  onChoose(state: string): void;
  onNode(identifier: string): void;
}

export function Timeline({ namespace, run, version, countsOf, identifier, chosen, onChoose, onNode }: Shown) {
  const timeline = useTimeline(namespace, run.run_id, identifier);
  const { chains, latest } = timeline;
  const again = useRested(timeline.refetch, AGAIN_MS);
  const readAgain = useEffectEvent(() => again());
  useEffect(() => {
    if (version > 0) readAgain();
  }, [version]);
  const clock = useNow();
  const begun = Date.parse(run.created_at);
  const now = Math.max(run.ended_at ? Date.parse(run.ended_at) : clock, latest, begun + 1);
  const whole = useMemo(() => ({ from: begun, to: now }), [begun, now]);
  const lanes = useMemo(() => lanesOf(chains, now), [chains, now]);
  const [opened, setOpened] = useState<ReadonlyMap<string, boolean>>(new Map());
  const [asTable, setAsTable] = useState(false);
  // Who looks at one node alone wants to see its states.
  const open = identifier ? new Map([[identifier, true]]) : opened;
  const asked = identifier ? [identifier] : run.nodes.map((node) => node.identifier);
  const rows = rowsOf(lanes, asked, open, countsOf);

  // What was read may be newer than what was told of the run.
  const total = Math.max(timeline.count, identifier ? countsOf(identifier).total : run.total_count);

  if (timeline.isPending) return <Spinner what="Loading states" />;
  const problem = timeline.error && (
    <Problem error={timeline.error} onRetry={() => void timeline.refetch()} />
  );
  if (chains.length === 0) return problem || <Empty title="Nothing has begun yet" />;
  return (
    <>
      {problem}
      {asTable ? (
        <TimelineTable chains={chains} now={now} onChoose={onChoose} />
      ) : (
        <TimelineChart
          rows={rows}
          whole={whole}
          countsOf={countsOf}
          chosen={chosen}
          onChoose={onChoose}
          restVerb={identifier ? "read more" : "look at this node alone"}
          onRest={identifier ? timeline.readMore : onNode}
          onEnd={identifier && timeline.more ? timeline.readMore : null}
          onOpen={(node, on) => setOpened((before) => new Map(before).set(node, on))}
        />
      )}
      <p className="row hint">
        <span>
          {number(timeline.count)} of {number(total)} states read{timeline.isFetching && ", reading on…"}
        </span>
        {timeline.more && (
          <button type="button" className="button small" onClick={timeline.readMore}>
            Read more
          </button>
        )}
        <button type="button" className="button small" onClick={() => setAsTable((before) => !before)}>
          {asTable ? "Show as a chart" : "Show as a table"}
        </button>
      </p>
    </>
  );
}
