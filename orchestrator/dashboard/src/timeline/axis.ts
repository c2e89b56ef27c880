/** The time that is in sight: how one moves over it, and what is written along it. */

export interface Span {
  /** Unix ms. */
  from: number;
  to: number;
}

/** No part of a run is shown larger than this, in ms. */
const SHORTEST_MS = 5;

/** Bring a span into another one, as long as it is where it fits. */
function within(span: Span, whole: Span): Span {
  const long = Math.min(span.to - span.from, whole.to - whole.from);
  const from = Math.min(Math.max(span.from, whole.from), whole.to - long);
  return { from, to: from + long };
}

/**
 * Show less or more.
 *
 * @param factor how much longer the time in sight becomes.
 * @param about the moment that stays where it is.
 */
export function zoomed(shown: Span, factor: number, about: number, whole: Span): Span {
  const long = shown.to - shown.from;
  const after = Math.max(Math.min(SHORTEST_MS, long), long * factor);
  const share = (about - shown.from) / Math.max(1, long);
  return within({ from: about - share * after, to: about + (1 - share) * after }, whole);
}

/** Move by a share of what is in sight. */
export function moved(shown: Span, share: number, whole: Span): Span {
  const by = (shown.to - shown.from) * share;
  return within({ from: shown.from + by, to: shown.to + by }, whole);
}

/** Where a moment is, as a share of what is in sight. */
export function placeOf(at: number, shown: Span): number {
  return (at - shown.from) / Math.max(1, shown.to - shown.from);
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS: readonly number[] = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR),
  ...[1, 2, 5, 10, 20, 50, 100].map((count) => count * DAY),
];

export interface Tick {
  at: number;
  label: string;
}

/** Even moments of the time in sight, counted from the beginning of the run. */
export function ticksOf(shown: Span, origin: number, most: number): Tick[] {
  const long = shown.to - shown.from;
  const step = STEPS.find((one) => long / one <= most) ?? Math.ceil(long / most / DAY) * DAY;
  const ticks: Tick[] = [];
  for (let at = origin + Math.ceil((shown.from - origin) / step) * step; at <= shown.to; at += step) {
    ticks.push({ at, label: offset(at - origin, step) });
  }
  return ticks;
}

/** A time since the beginning, as finely as a step of so many ms needs it. */
export function offset(ms: number, step: number): string {
  if (ms < SECOND && step < SECOND) return `${Math.round(ms)} ms`;
  const digits = step >= SECOND ? 0 : step >= 100 ? 1 : step >= 10 ? 2 : 3;
  if (ms < MINUTE) return `${(ms / SECOND).toFixed(digits)} s`;
  const parts: string[] = [];
  let rest = ms;
  for (const [unit, size] of [
    ["d", DAY],
    ["h", HOUR],
    ["min", MINUTE],
  ] as const) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${unit}`);
  }
  if (step < MINUTE && rest > 0) parts.push(`${(rest / SECOND).toFixed(digits)} s`);
  return parts.join(" ");
}
