/** Runs over time, and what went wrong in them. */

import type { RunSummary, StateSummary } from "../api/types";
import { headline } from "../kit/headline";

export const ENDS = ["SUCCESS", "PENDING", "FAILED", "CANCELLED"] as const;
export type End = (typeof ENDS)[number];

export interface Bucket {
  /** Its beginning, in unix ms. */
  from: number;
  counts: Record<End, number>;
}

/** What a bucket may span, in ms: whole parts of a minute, hour or day. */
const SPANS = [1, 5, 15, 60, 300, 900, 1800, 3600, 10_800, 21_600, 43_200, 86_400, 604_800].map(
  (s) => s * 1000,
);
const MOST_BUCKETS = 60;

/** Count runs, in whatever order, in no more than 60 spans of equal length from a moment to now. */
export function buckets(
  runs: readonly RunSummary[],
  from: number,
  now: number,
): { span: number; buckets: Bucket[] } {
  const span = SPANS.find((one) => (now - from) / one <= MOST_BUCKETS - 1) ?? SPANS.at(-1) ?? 1;
  const begin = Math.floor(from / span);
  const found: Bucket[] = Array.from({ length: Math.floor(now / span) - begin + 1 }, (_, index) => ({
    from: (begin + index) * span,
    counts: { SUCCESS: 0, PENDING: 0, FAILED: 0, CANCELLED: 0 },
  }));
  const last = found.length - 1;
  for (const run of runs) {
    // The browser's clock may be behind that of Redis: what it calls the future is now.
    const index = Math.min(last, Math.floor(Date.parse(run.created_at) / span) - begin);
    const bucket = found[index];
    if (bucket && run.status in bucket.counts) bucket.counts[run.status as End] += 1;
  }
  return { span, buckets: found };
}

export interface Failure {
  /** The line of the error that says most. */
  text: string;
  count: number;
  /** One run that it happened in, and the state. */
  runId: string;
  stateId: string;
  identifiers: string[];
  newest: string;
}

/** Failed states by the headlines of their errors, numbers and ids aside; the most frequent first. */
export function grouped(failed: readonly { runId: string; state: StateSummary }[]): Failure[] {
  const groups = new Map<string, Failure>();
  for (const { runId, state } of failed) {
    const text = headline(state.error) || "no error text";
    const key = text.replace(/0x[0-9a-f]+|[0-9a-f]{8,}|\d+/gi, "#");
    const group = groups.get(key);
    if (group === undefined) {
      groups.set(key, {
        text,
        count: 1,
        runId,
        stateId: state.id,
        identifiers: [state.identifier],
        newest: state.updated_at,
      });
      continue;
    }
    group.count += 1;
    if (!group.identifiers.includes(state.identifier)) group.identifiers.push(state.identifier);
    if (state.updated_at > group.newest)
      Object.assign(group, { newest: state.updated_at, runId, stateId: state.id, text });
  }
  return [...groups.values()].sort((one, other) => other.count - one.count);
}
