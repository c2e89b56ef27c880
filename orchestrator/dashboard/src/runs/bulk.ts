/** The same call for several runs, one after another; what comes of each is told. */

import { told } from "../api/errors";

export interface BulkResult {
  done: number;
  /** id of the run → why not */
  refused: Map<string, string>;
}

export async function forEachRun(
  ids: readonly string[],
  act: (id: string) => Promise<unknown>,
): Promise<BulkResult> {
  const result: BulkResult = { done: 0, refused: new Map() };
  for (const id of ids) {
    try {
      await act(id);
      result.done += 1;
    } catch (fault) {
      result.refused.set(id, told(fault));
    }
  }
  return result;
}
