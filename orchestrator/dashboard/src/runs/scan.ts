/**
 * Reads runs, newest first, until enough of them fit a filter.
 *
 * The API lists runs by pages of up to 1000 and filters nothing, so that the filter is applied here, to a bounded
 * number of runs at a time; whoever wants to look further back says so.
 */

import type { RunSummary, Schema } from "../api/types";
import { fits, narrows, type RunFilter, tooOld } from "./filter";

/** How many runs one look shows at most. */
export const SHOWN = 50;
/** How many runs a page of the API holds while a filter is applied. */
const SCANNED = 500;
/** How many of these pages one look reads at most. */
const MOST_PAGES = 10;

export type ReadPage = (page: number, size: number) => Promise<Schema<"RunsResponse">>;

export interface Look {
  runs: RunSummary[];
  /** How many runs there are in all. */
  total: number;
  /** How many of them this look and those before have looked at. */
  lookedAt: number;
  /** Where the next look begins; null at the end. */
  next: number | null;
}

/** Look at runs from a position on, 0 for the newest. Positions are multiples of the size of a page. */
export async function look(read: ReadPage, filter: RunFilter, from: number): Promise<Look> {
  const size = narrows(filter) ? SCANNED : SHOWN;
  const runs: RunSummary[] = [];
  let at = from;
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const page = await read(at / size + 1, size);
    runs.push(...page.runs.filter((run) => fits(filter, run)));
    at += page.runs.length;
    const last = page.runs.at(-1);
    if (page.runs.length < size || at >= page.total || (last && tooOld(filter, last))) {
      return { runs, total: page.total, lookedAt: at, next: null };
    }
    if (runs.length >= SHOWN || pages === MOST_PAGES - 1) {
      return { runs, total: page.total, lookedAt: at, next: at };
    }
  }
  throw new Error("a look reads at least one page");
}

/** The runs of all looks, each once: new runs push others onto the next page in between. */
export function gathered(looks: readonly Look[]): RunSummary[] {
  const seen = new Map<string, RunSummary>();
  for (const run of looks.flatMap((one) => one.runs)) {
    if (!seen.has(run.run_id)) seen.set(run.run_id, run);
  }
  return [...seen.values()];
}
