/** Runs as a table: however many were read, only those in sight are on the page. */

import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useMemo, useRef } from "react";
import type { RunSummary } from "../api/types";
import { RunRow } from "./RunRow";
import { useKeptPlace } from "./useKeptPlace";

const ROW_PX = 38;
const OVERSCAN = 10;

export function RunTable({
  namespace,
  runs,
  ticked,
  whole,
  onTick,
  onSight,
}: {
  namespace: string;
  runs: readonly RunSummary[];
  /** null where nothing can be ticked. */
  ticked: ReadonlySet<string> | null;
  /** Whether no more follow. */
  whole: boolean;
  onTick(ids: readonly string[], on: boolean): void;
  /** Told which row is the last in sight. */
  onSight(last: number): void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const ids = useMemo(() => runs.map((run) => run.run_id), [runs]);
  // A new function would have all rows measured anew at each turn.
  const keyOf = useCallback((index: number) => ids[index] ?? index, [ids]);
  const virtual = useVirtualizer({
    count: runs.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: OVERSCAN,
    getItemKey: keyOf,
  });
  useKeptPlace(box, ids, ROW_PX);
  const items = virtual.getVirtualItems();
  const first = items[0];
  const last = items.at(-1);
  const lastIndex = last?.index ?? -1;
  useEffect(() => onSight(lastIndex), [lastIndex, onSight]);
  const columns = ticked ? 7 : 6;
  return (
    <div className="scroll run-table" ref={box}>
      <table className="table" aria-rowcount={whole ? runs.length + 1 : -1}>
        <caption className="unseen">Runs, newest first</caption>
        <thead>
          <tr>
            {ticked && (
              <th className="tick" scope="col">
                <input
                  type="checkbox"
                  aria-label="Choose all"
                  checked={ids.every((id) => ticked.has(id))}
                  onChange={(event) => onTick(ids, event.target.checked)}
                />
              </th>
            )}
            <th scope="col">Run</th>
            <th scope="col" className="graph-column">
              Graph
            </th>
            <th scope="col">Status</th>
            <th scope="col" className="states-column">
              States
            </th>
            <th scope="col" className="right">
              Count
            </th>
            <th scope="col">Created</th>
          </tr>
        </thead>
        <tbody>
          <Space px={first?.start ?? 0} columns={columns} />
          {items.map((item) => {
            const run = runs[item.index];
            return (
              run && (
                <RunRow
                  key={item.key}
                  namespace={namespace}
                  run={run}
                  index={item.index}
                  ticked={ticked && ticked.has(run.run_id)}
                  onTick={onTick}
                />
              )
            );
          })}
          <Space px={virtual.getTotalSize() - (last?.end ?? 0)} columns={columns} />
        </tbody>
      </table>
    </div>
  );
}

/** Stands for the rows that are out of sight. */
function Space({ px, columns }: { px: number; columns: number }) {
  if (px <= 0) return null;
  return (
    <tr className="space" aria-hidden="true">
      <td colSpan={columns} style={{ height: px }} />
    </tr>
  );
}
