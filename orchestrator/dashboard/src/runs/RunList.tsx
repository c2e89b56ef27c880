/** The runs that fit a filter, what can be done with those that are ticked, and how far back was looked. */

import { useEffect, useEffectEvent, useMemo, useState } from "react";
import { Link } from "react-router";
import { Empty } from "../kit/Empty";
import { Problem } from "../kit/Problem";
import { Spinner } from "../kit/Spinner";
import { useMay } from "../session/SessionContext";
import { graphsAt } from "../shell/addresses";
import { BulkActions } from "./BulkActions";
import { narrows, type RunFilter } from "./filter";
import { goesOn, LOOKED_AT_ONCE, progressOf } from "./look";
import { rowsOf } from "./pages";
import { RunProgress } from "./RunProgress";
import { RunTable } from "./RunTable";
import type { Verb } from "./useBulkWork";
import { useTicked } from "./useTicked";
import { PAGE, useRunPages } from "./useRunPages";

/** How near to the end of what was read more is read, in rows. */
const AHEAD = 40;
const NONE: readonly never[] = [];

export function RunList({
  namespace,
  filter,
  busy,
  onAct,
}: {
  namespace: string;
  filter: RunFilter;
  /** Whether something is being done with several runs. */
  busy: boolean;
  onAct(verb: Verb, ids: readonly string[]): void;
}) {
  const maySteer = useMay("steer");
  const { ticked, tick, untick } = useTicked();
  const [sight, setSight] = useState(-1);
  const [allowed, setAllowed] = useState(LOOKED_AT_ONCE);
  const runs = useRunPages(namespace, filter);
  const { hasNextPage, isFetching, isError, fetchNextPage } = runs;
  const pages = runs.data?.pages ?? NONE;
  const rows = useMemo(() => rowsOf(pages), [pages]);
  const progress = useMemo(() => progressOf(pages, PAGE), [pages]);
  const chosen = useMemo(() => rows.filter((run) => ticked.has(run.run_id)), [rows, ticked]);
  const next = hasNextPage && goesOn(rows.length, sight, AHEAD, progress.inVain, allowed);
  useEffect(() => {
    if (next && !isFetching && !isError) void fetchNextPage();
  }, [next, isFetching, isError, fetchNextPage]);

  const renew = useEffectEvent(runs.renew);
  // At its end, for where no stream tells what became of them.
  useEffect(() => {
    if (!busy) renew();
  }, [busy]);

  if (runs.isPending) return <Spinner what="Loading runs" />;
  return (
    <>
      {maySteer && !busy && (
        <BulkActions
          chosen={chosen}
          onAct={(verb, ids) => {
            untick();
            onAct(verb, ids);
          }}
          onUntick={untick}
        />
      )}
      {isError && <Problem error={runs.error} onRetry={() => void runs.refetch()} />}
      {rows.length > 0 && (
        <RunTable
          namespace={namespace}
          runs={rows}
          ticked={maySteer ? ticked : null}
          whole={!hasNextPage}
          onTick={tick}
          onSight={setSight}
        />
      )}
      {rows.length === 0 && !hasNextPage && !isError && (
        <Nothing namespace={namespace} filtered={narrows(filter)} />
      )}
      {pages.length > 0 && (
        <RunProgress
          rows={rows.length}
          filtered={narrows(filter)}
          progress={progress}
          more={hasNextPage}
          asks={hasNextPage && progress.inVain >= allowed}
          looking={isFetching || next}
          onFurther={() => setAllowed(progress.inVain + LOOKED_AT_ONCE)}
        />
      )}
    </>
  );
}

function Nothing({ namespace, filtered }: { namespace: string; filtered: boolean }) {
  if (filtered) return <Empty title="No run fits">Leave a filter out, or choose a longer time.</Empty>;
  return (
    <Empty title="No runs yet">
      <p>
        Start one from the page of a <Link to={graphsAt(namespace)}>graph</Link>, or in a terminal:
      </p>
      <pre>exosphere run start my-graph --wait</pre>
    </Empty>
  );
}
