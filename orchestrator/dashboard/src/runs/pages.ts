/** The runs that were read so far, page by page, and how they are kept right while others begin and end. */

import type { FoundRuns, RunSummary } from "../api/types";

/** What the list is made of: newest first, each page older than the one before. */
export interface RunPages {
  pages: FoundRuns[];
  /** The cursor that each page was asked for with; empty for the first. */
  pageParams: string[];
}

export function rowsOf(pages: readonly FoundRuns[]): RunSummary[] {
  return pages.flatMap((page) => page.runs);
}

/**
 * Put what was read anew, from the newest run on, in the place of what it covers.
 *
 * `mostNew` is how many runs can have begun since the list was read, whether they fit or not. Where between what was
 * read and the list there may be runs that nobody has read, the list begins anew.
 */
export function renewed(list: RunPages, head: FoundRuns, mostNew: number): RunPages {
  const anew: RunPages = { pages: [head], pageParams: [""] };
  const reached = Date.parse(head.reached_at ?? "");
  if (head.next_cursor === null || Number.isNaN(reached)) return anew;
  const newest = Date.parse(rowsOf(list.pages)[0]?.created_at ?? "");
  if (mostNew >= head.looked_at_count && !(newest >= reached)) return anew;
  const named = new Set(head.runs.map((run) => run.run_id));
  let looked = -head.looked_at_count;
  list.pages.forEach((page, index) => {
    looked += page.looked_at_count;
    // Without anything older than what was read now it has nothing to add.
    if (page.reached_at === null || Date.parse(page.reached_at) >= reached) return;
    const runs = page.runs.filter((run) => Date.parse(run.created_at) <= reached && !named.has(run.run_id));
    const own = Math.max(runs.length, Math.min(looked, page.looked_at_count));
    anew.pages.push({ ...page, runs, count: runs.length, looked_at_count: own });
    anew.pageParams.push(list.pageParams[index] ?? "");
    looked -= own;
  });
  return anew;
}

/** Set the statuses that are told; what is right already stays the same object. */
export function told(list: RunPages, statuses: ReadonlyMap<string, string>): RunPages {
  let changed = false;
  const pages = list.pages.map((page) => {
    if (!page.runs.some((run) => differs(run, statuses))) return page;
    changed = true;
    const runs = page.runs.map((run) =>
      differs(run, statuses) ? { ...run, status: statuses.get(run.run_id) ?? run.status } : run,
    );
    return { ...page, runs };
  });
  return changed ? { ...list, pages } : list;
}

function differs(run: RunSummary, statuses: ReadonlyMap<string, string>): boolean {
  const status = statuses.get(run.run_id);
  return status !== undefined && status !== run.status;
}
