/** A state and those that retry it, which are one row of the timeline. */

import type { StateSummary } from "../api/types";
import { isOver, type Segment, segmentsOf } from "./segments";

export interface Chain {
  /** Id of its first state. */
  id: string;
  identifier: string;
  /** In order of creation; each but the first retries the one before. */
  states: StateSummary[];
}

/** Put states into chains. They come in order of creation, as the API lists them. */
export function chainsOf(states: Iterable<StateSummary>): Chain[] {
  const chains: Chain[] = [];
  const expecting = new Map<string, Chain>();
  for (const state of states) {
    let chain = expecting.get(state.id);
    if (chain === undefined) {
      chain = { id: state.id, identifier: state.identifier, states: [] };
      chains.push(chain);
    }
    chain.states.push(state);
    if (state.retried_by) expecting.set(state.retried_by, chain);
  }
  return chains;
}

/** The state that a chain has come to. */
export function lastOf(chain: Chain): StateSummary {
  const last = chain.states.at(-1);
  if (last === undefined) throw new Error("a chain without a state");
  return last;
}

/** One execution of a chain: a state with its pieces of time. */
export interface Attempt {
  state: StateSummary;
  segments: Segment[];
}

export function attemptsOf(chain: Chain, now: number): Attempt[] {
  return chain.states.map((state, index) => {
    const next = chain.states[index + 1];
    // A retry by hand begins to count anew, and is not delayed.
    const retrying = { retries: index > 0 && state.retry_count > 0, byHand: next?.retry_count === 0 };
    return { state, segments: segmentsOf(state, retrying, now) };
  });
}

/** From the creation of its first state to the end of its last, in unix ms. */
export function spanOf(chain: Chain, now: number): { from: number; to: number } {
  const first = chain.states[0] ?? lastOf(chain);
  const last = lastOf(chain);
  const from = Date.parse(first.created_at);
  return { from, to: Math.max(from, isOver(last) ? Date.parse(last.updated_at) : now) };
}
