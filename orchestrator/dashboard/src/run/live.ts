/** How a run stands, kept from its events: every state's status, and the counts of each node. */

import type { RunEvent } from "../api/types";
import { type Counts, classOf, NOTHING } from "./classes";

export interface LiveState {
  id: string;
  identifier: string;
  status: string;
  attempt: number;
  /** When it came to that; null where it was found so, as nothing was told then of when. */
  at: string | null;
}

/** How many of the last events are kept to be shown. */
export const SHOWN_EVENTS = 200;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export class LiveRun {
  /** By id, in the order in which they were told of, which is that of their creation. */
  readonly states = new Map<string, LiveState>();
  /** The newest first. */
  readonly log: RunEvent[] = [];
  /** Of the run; empty until it was told. */
  status = "";
  /** Whether everything that was before has been told of. */
  whole = false;
  /** Grows with each change. */
  version = 0;

  private readonly nodes = new Map<string, Mutable<Counts>>();
  private readonly listeners = new Set<() => void>();

  /** Take events in the order in which they came. */
  take(events: readonly RunEvent[]): void {
    for (const event of events) this.takeOne(event);
    this.version += 1;
    for (const listener of this.listeners) listener();
  }

  counts(identifier: string): Counts {
    return this.nodes.get(identifier) ?? NOTHING;
  }

  /** Of all nodes together. */
  total(): Counts {
    const sum = { ...NOTHING } as Mutable<Counts>;
    for (const counts of this.nodes.values()) {
      for (const key of Object.keys(sum) as (keyof Counts)[]) sum[key] += counts[key];
    }
    return sum;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private takeOne(event: RunEvent): void {
    if (event.event === "begin") {
      this.states.clear();
      this.nodes.clear();
      this.whole = false;
      this.status = event.status;
    } else if (event.state_id !== undefined) {
      this.takeState(event, event.state_id);
      if (event.event === "state") this.note(event);
    } else {
      this.status = event.status;
      if (event.event === "current") this.whole = true;
      else this.note(event);
    }
  }

  private takeState(event: RunEvent, id: string): void {
    const before = this.states.get(id);
    const identifier = event.identifier ?? before?.identifier ?? "";
    let counts = this.nodes.get(identifier);
    if (counts === undefined) {
      counts = { ...NOTHING };
      this.nodes.set(identifier, counts);
    }
    if (before) counts[classOf(before.status)] -= 1;
    else counts.total += 1;
    counts[classOf(event.status)] += 1;
    this.states.set(id, {
      id,
      identifier,
      status: event.status,
      attempt: event.attempt ?? 1,
      at: event.event === "state" ? event.at : null,
    });
  }

  private note(event: RunEvent): void {
    this.log.unshift(event);
    if (this.log.length > SHOWN_EVENTS) this.log.length = SHOWN_EVENTS;
  }
}
