/** The rows of the list of states: what the API has listed, with what the stream has told since. */

import type { StateSummary, Status } from "../api/types";
import type { LiveRun, LiveState } from "./live";

export interface StateFilter {
  /** Empty for every node. */
  identifier: string;
  /** Empty for every status. */
  statuses: readonly Status[];
}

export interface StateRow {
  id: string;
  identifier: string;
  status: string;
  attempt: number;
  retryCount: number | null;
  error: string | null;
  /** Null where that is not known yet. */
  updatedAt: string | null;
}

/**
 * Put the two together.
 *
 * @param complete whether the API has listed all that it had: only then do states follow that the stream alone knows,
 *   or they would stand before those that are listed next.
 */
export function rowsOf(
  listed: readonly StateSummary[],
  live: LiveRun,
  filter: StateFilter,
  complete: boolean,
): StateRow[] {
  const rows: StateRow[] = [];
  const seen = new Set<string>();
  for (const state of listed) {
    const now = live.states.get(state.id);
    seen.add(state.id);
    rows.push({
      id: state.id,
      identifier: state.identifier,
      // A state that is taken reads QUEUED when it is asked for; that is no transition, so no event tells of it.
      status: now && !(now.status === "CREATED" && state.status === "QUEUED") ? now.status : state.status,
      attempt: now?.attempt ?? state.attempt,
      retryCount: state.retry_count,
      error: state.error,
      updatedAt: now?.at && now.at > state.updated_at ? now.at : state.updated_at,
    });
  }
  if (complete) {
    for (const state of live.states.values()) {
      if (!seen.has(state.id)) rows.push(rowOf(state));
    }
  }
  return rows.filter(
    (row) =>
      (filter.identifier === "" || row.identifier === filter.identifier) &&
      (filter.statuses.length === 0 || filter.statuses.includes(row.status as Status)),
  );
}

function rowOf(state: LiveState): StateRow {
  return {
    id: state.id,
    identifier: state.identifier,
    status: state.status,
    attempt: state.attempt,
    retryCount: null,
    error: null,
    updatedAt: state.at,
  };
}
