/** The same call for several runs; what comes of each is told. */

import { ApiError, told } from "../api/errors";
import type { Pause } from "../api/pause";

export interface BulkResult {
  done: number;
  /** id of the run → why not */
  refused: ReadonlyMap<string, string>;
}

export interface BulkOptions {
  signal: AbortSignal;
  pause: Pause;
  /** Called after each run. */
  onProgress(result: BulkResult): void;
}

/** How many calls are under way at a time. */
const PARALLEL = 4;
/** How often one call waits because the key makes too many. */
const MOST_WAITS = 20;
const WAIT_MS = 1000;

/** Resolves when every run was dealt with; after an abort no further one is begun. */
export async function forEachRun(
  ids: readonly string[],
  act: (id: string) => Promise<unknown>,
  { signal, pause, onProgress }: BulkOptions,
): Promise<BulkResult> {
  const refused = new Map<string, string>();
  let done = 0;
  let next = 0;
  const work = async () => {
    for (;;) {
      const id = ids[next];
      if (id === undefined || signal.aborted) return;
      next += 1;
      try {
        await patiently(() => act(id), signal, pause);
        done += 1;
      } catch (fault) {
        refused.set(id, told(fault));
      }
      onProgress({ done, refused: new Map(refused) });
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  return { done, refused };
}

/** Call again what was answered that there are too many calls: nothing was changed by it. */
async function patiently(call: () => Promise<unknown>, signal: AbortSignal, pause: Pause): Promise<void> {
  for (let waits = 0; ; waits += 1) {
    try {
      await call();
      return;
    } catch (fault) {
      const tooMany = fault instanceof ApiError && fault.status === 429;
      if (!tooMany || waits === MOST_WAITS || signal.aborted) throw fault;
      await pause(fault.retryAfterMs ?? WAIT_MS, signal);
    }
  }
}
