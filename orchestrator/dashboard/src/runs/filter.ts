/** Which runs somebody wants to see, kept in the address of the page. */

import type { RunSummary } from "../api/types";

export const RUN_STATUSES = ["PENDING", "SUCCESS", "FAILED", "CANCELLED"] as const;

export interface RunFilter {
  graph: string;
  status: string;
  /** Of a run's id, its beginning. */
  id: string;
  /** Created at or after this time, in unix ms; null for any. */
  since: number | null;
}

/** name → span in ms; what the filter by time offers. */
export const SPANS: Readonly<Record<string, number>> = {
  "15m": 900_000,
  "1h": 3_600_000,
  "24h": 86_400_000,
  "7d": 604_800_000,
};

export function filterOf(search: URLSearchParams, now: number): RunFilter {
  const span = SPANS[search.get("within") ?? ""];
  return {
    graph: search.get("graph") ?? "",
    status: search.get("status") ?? "",
    id: (search.get("id") ?? "").trim(),
    since: span === undefined ? null : now - span,
  };
}

/** Whether anything is left out. */
export function narrows(filter: RunFilter): boolean {
  return filter.graph !== "" || filter.status !== "" || filter.id !== "" || filter.since !== null;
}

export function fits(filter: RunFilter, run: RunSummary): boolean {
  return (
    (filter.graph === "" || run.graph_name === filter.graph) &&
    (filter.status === "" || run.status === filter.status) &&
    run.run_id.startsWith(filter.id) &&
    (filter.since === null || Date.parse(run.created_at) >= filter.since)
  );
}

/** Whether this run and all older ones are left out by the time. */
export function tooOld(filter: RunFilter, run: RunSummary): boolean {
  return filter.since !== null && Date.parse(run.created_at) < filter.since;
}
