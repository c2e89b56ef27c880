/** The states of a run: however many there are, only those in sight are on the page. */

import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import type { Run } from "../api/types";
import { Empty } from "../kit/Empty";
import { number, short } from "../kit/format";
import { headline } from "../kit/headline";
import { Problem } from "../kit/Problem";
import { Spinner } from "../kit/Spinner";
import { StatusBadge } from "../kit/StatusBadge";
import { Time } from "../kit/Time";
import type { LiveRun } from "./live";
import { rowsOf, type StateFilter } from "./rows";
import { useStates } from "./useStates";

const ROW_PX = 36;
const BORDERS_PX = 2;
/** How near to the end of what is loaded more is asked for, in rows. */
const AHEAD = 40;

export function StateList({
  namespace,
  run,
  live,
  filter,
  chosen,
  onChoose,
}: {
  namespace: string;
  run: Run;
  live: LiveRun;
  filter: StateFilter;
  chosen: string;
  onChoose(state: string): void;
}) {
  const states = useStates(namespace, run.run_id, filter);
  const { hasNextPage, isFetchingNextPage, isError, fetchNextPage } = states;
  const listed = states.data?.pages.flatMap((page) => page.states) ?? [];
  const rows = rowsOf(listed, live, filter, states.data !== undefined && !hasNextPage);
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
    getItemKey: (index) => rows[index]?.id ?? index,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  useEffect(() => {
    // A page may hold nothing that fits although more follow: then this asks on.
    if (last >= rows.length - AHEAD && hasNextPage && !isFetchingNextPage && !isError) void fetchNextPage();
  }, [last, rows.length, hasNextPage, isFetchingNextPage, isError, fetchNextPage]);

  if (states.isPending) return <Spinner what="Loading states" />;
  return (
    <>
      {isError && <Problem error={states.error} onRetry={() => void states.refetch()} />}
      {rows.length === 0 && !hasNextPage && (
        <Empty title="No state fits">Choose another node or status.</Empty>
      )}
      {/* A table element can't hold rows that come and go while one scrolls. */}
      <div
        className="states"
        ref={box}
        role="table"
        aria-label="States"
        aria-rowcount={rows.length}
        style={{ height: rows.length * ROW_PX + BORDERS_PX }}
      >
        <div className="states-inner" role="rowgroup" style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => {
            const row = rows[item.index];
            return (
              row && (
                <div
                  key={item.key}
                  role="row"
                  aria-rowindex={item.index + 1}
                  className={row.id === chosen ? "state-row chosen" : "state-row"}
                  style={{ transform: `translateY(${item.start}px)`, height: ROW_PX }}
                >
                  <span role="cell">
                    <button type="button" className="link id" title={row.id} onClick={() => onChoose(row.id)}>
                      {short(row.id)}
                    </button>
                  </span>
                  <span role="cell">{row.identifier}</span>
                  <span role="cell">
                    <StatusBadge status={row.status} />
                  </span>
                  <span role="cell" className="hint">
                    attempt {row.attempt}
                    {row.retryCount ? `, retry ${row.retryCount}` : ""}
                  </span>
                  <span role="cell" className="hint">
                    {row.updatedAt && <Time at={row.updatedAt} />}
                  </span>
                  <span role="cell" className="state-error" title={row.error ?? ""}>
                    {headline(row.error)}
                  </span>
                </div>
              )
            );
          })}
        </div>
      </div>
      <p className="hint">
        {number(rows.length)}{" "}
        {hasNextPage ? "loaded so far; scroll for more" : rows.length === 1 ? "state" : "states"}
        {isFetchingNextPage && ", looking…"}
      </p>
    </>
  );
}
