/** What a state's time was spent on, as far as its record tells. */

import type { StateSummary } from "../api/types";

/**
 * `delay`: until it is due, as a retry is after a while; `waiting`: in its queue; `running`: a runtime executes it;
 * `untold`: it was, or is being, executed within this time, and nobody has told when.
 */
export type SegmentKind = "delay" | "waiting" | "running" | "untold";

export interface Segment {
  kind: SegmentKind;
  /** Unix ms. */
  from: number;
  to: number;
}

export type Timed = Pick<StateSummary, "status" | "created_at" | "updated_at" | "due_at" | "ran_ms">;

/** Statuses in which a state has not been executed to its end. */
const UNFINISHED: ReadonlySet<string> = new Set(["CREATED", "QUEUED"]);

export function isOver(state: Pick<StateSummary, "status">): boolean {
  return !UNFINISHED.has(state.status);
}

/** What else is known of a state, from those that it retries and is retried by. */
export interface Retrying {
  /** Whether it retries another one by itself: then its time before the execution was its delay. */
  retries: boolean;
  /** Whether somebody retried it: what its record tells of its end is when that was. */
  byHand: boolean;
}

/** When its execution began, in unix ms; null when that is not told. */
export function beganAt(state: Timed, byHand: boolean): number | null {
  if (!isOver(state) || state.ran_ms == null || byHand) return null;
  return Math.max(Date.parse(state.created_at), Date.parse(state.updated_at) - state.ran_ms);
}

/** Cut a state's time into pieces, in their order. Its execution is among them although it took no time; nothing else is. */
export function segmentsOf(state: Timed, retrying: Retrying, now: number): Segment[] {
  const created = Date.parse(state.created_at);
  const updated = Math.max(created, Date.parse(state.updated_at));
  const segments = isOver(state)
    ? finished(state, created, updated, retrying)
    : unfinished(state, created, updated, retrying, Math.max(now, updated));
  const lasting = segments.filter((one) => one.to > one.from || one.kind === "running");
  return lasting.length > 0 ? lasting : segments.slice(-1);
}

function finished(state: Timed, created: number, updated: number, { retries, byHand }: Retrying): Segment[] {
  const began = beganAt(state, byHand);
  if (began === null) {
    return [{ kind: state.status === "CANCELLED" ? "waiting" : "untold", from: created, to: updated }];
  }
  return [
    { kind: retries ? "delay" : "waiting", from: created, to: began },
    { kind: "running", from: began, to: updated },
  ];
}

function unfinished(
  state: Timed,
  created: number,
  updated: number,
  { retries }: Retrying,
  now: number,
): Segment[] {
  // The record forgets when it was due once it is; what changed it last was that moment then.
  const due = state.due_at ? Date.parse(state.due_at) : retries ? updated : created;
  const ready = Math.min(Math.max(created, due), now);
  return [
    { kind: "delay", from: created, to: ready },
    { kind: state.status === "QUEUED" ? "untold" : "waiting", from: ready, to: now },
  ];
}

/** How long a state or several did each, in ms. */
export function spentOn(segments: readonly Segment[]): Readonly<Record<SegmentKind, number>> {
  const spent = { delay: 0, waiting: 0, running: 0, untold: 0 };
  for (const { kind, from, to } of segments) spent[kind] += to - from;
  return spent;
}
