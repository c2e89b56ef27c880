/** What the figures of a namespace say: how many attempts end in a second, how many fail, how long they take. */

import type { Figures, MinuteFigures } from "../api/types";

/** How attempts at states ended; what was retried failed, too. */
export type Ends = Pick<MinuteFigures, "succeeded" | "errored" | "retried" | "pruned">;

const MINUTE_S = 60;

export function ended(ends: Ends): number {
  return ends.succeeded + ends.errored + ends.retried + ends.pruned;
}

/** Of the attempts that ended, the part that failed, from 0 to 1; null where none ended. */
export function failureRate(ends: Ends): number | null {
  const all = ended(ends);
  return all === 0 ? null : (ends.errored + ends.retried) / all;
}

/** How many s of a minute have passed: the last one is under way, and must not look slower than the others. */
function passed(at: string, now: string): number {
  const s = (Date.parse(now) - Date.parse(at)) / 1000;
  return Math.min(MINUTE_S, Math.max(1, s));
}

export interface Rates {
  /** Beginnings of the minutes, in unix s. */
  times: number[];
  /** Attempts a second. */
  succeeded: number[];
  failed: number[];
}

/** Attempts that ended a second, minute by minute. */
export function ratesOf(figures: Figures): Rates {
  const per = (minute: MinuteFigures, count: number) => count / passed(minute.at, figures.now);
  return {
    times: figures.minutes.map((minute) => Date.parse(minute.at) / 1000),
    succeeded: figures.minutes.map((minute) => per(minute, minute.succeeded + minute.pruned)),
    failed: figures.minutes.map((minute) => per(minute, minute.errored + minute.retried)),
  };
}
