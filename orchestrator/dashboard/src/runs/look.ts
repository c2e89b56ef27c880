/** How far back the list looks by itself, and what it says of it. */

import type { FoundRuns } from "../api/types";

/** Past this many runs among which too little was found, somebody has to say that it shall go on. */
export const LOOKED_AT_ONCE = 50_000;

export interface Progress {
  /** How many runs were looked at. */
  lookedAt: number;
  /** When the oldest of them was created; null before any was. */
  reachedAt: string | null;
  /** How many of them stood on pages that ended before they were full: the filter leaves out nearly all there. */
  inVain: number;
}

export function progressOf(pages: readonly FoundRuns[], full: number): Progress {
  let lookedAt = 0;
  let inVain = 0;
  let reachedAt: string | null = null;
  for (const page of pages) {
    lookedAt += page.looked_at_count;
    if (page.count < full) inVain += page.looked_at_count;
    reachedAt = page.reached_at ?? reachedAt;
  }
  return { lookedAt, reachedAt, inVain };
}

/** Whether the next page is read without being asked for: it is needed, and the last ones were worth it. */
export function goesOn(
  rows: number,
  lastInSight: number,
  ahead: number,
  inVain: number,
  allowed: number,
): boolean {
  return lastInSight >= rows - ahead && inVain < allowed;
}
