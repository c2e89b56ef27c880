/** Which runs somebody wants to see, kept in the address of the page, and how the API is asked for them. */

import type { RunStatus } from "../api/types";

export const RUN_STATUSES: readonly RunStatus[] = ["PENDING", "SUCCESS", "FAILED", "CANCELLED"];

/** name → span in ms; what the filter by time offers. */
export const SPANS: Readonly<Record<string, number>> = {
  "15m": 900_000,
  "1h": 3_600_000,
  "24h": 86_400_000,
  "7d": 604_800_000,
};

export interface RunFilter {
  graph: string;
  /** None stands for all. */
  statuses: readonly RunStatus[];
  /** Of `SPANS`, the time back from now; empty for none. */
  within: string;
  /** Moments in ISO 8601; empty for none. */
  after: string;
  before: string;
}

/** The part of a call's query that says which runs are meant. */
export interface RunQuery {
  graph_name?: string;
  status?: RunStatus[];
  created_after?: string;
  created_before?: string;
}

/** Read what the address says; what makes no sense is left out. */
export function filterOf(search: URLSearchParams): RunFilter {
  const given = new Set(search.getAll("status"));
  const within = search.get("within") ?? "";
  return {
    graph: search.get("graph") ?? "",
    statuses: RUN_STATUSES.filter((status) => given.has(status)),
    within: within in SPANS ? within : "",
    after: momentOf(search.get("after")),
    before: momentOf(search.get("before")),
  };
}

export function searchOf(filter: RunFilter): URLSearchParams {
  const search = new URLSearchParams();
  if (filter.graph) search.set("graph", filter.graph);
  for (const status of filter.statuses) search.append("status", status);
  if (filter.within) search.set("within", filter.within);
  if (filter.after) search.set("after", filter.after);
  if (filter.before) search.set("before", filter.before);
  return search;
}

/** Whether anything is left out. */
export function narrows(filter: RunFilter): boolean {
  return searchOf(filter).size > 0;
}

export function queryOf(filter: RunFilter, now: number): RunQuery {
  const span = SPANS[filter.within];
  const after = span === undefined ? filter.after : new Date(now - span).toISOString();
  return {
    ...(filter.graph && { graph_name: filter.graph }),
    ...(filter.statuses.length && { status: [...filter.statuses] }),
    ...(after && { created_after: after }),
    ...(filter.before && { created_before: filter.before }),
  };
}

function momentOf(text: string | null): string {
  const moment = Date.parse(text ?? "");
  return Number.isNaN(moment) ? "" : new Date(moment).toISOString();
}
