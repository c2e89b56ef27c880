/** The states that retry each other, around one of them. */

import type { StateSummary } from "../api/types";

export interface Try {
  id: string;
  /** Null for the last one: of it no more is known than that it retries the one before. */
  state: StateSummary | null;
}

/**
 * Return the tries before and after a state with itself, the first one first.
 *
 * @param retried states that were retried, in any order; what is missing among them ends the chain.
 */
export function triesAround(retried: readonly StateSummary[], id: string): Try[] {
  const states = new Map(retried.map((state) => [state.id, state]));
  const before = new Map(retried.map((state) => [state.retried_by, state.id]));
  const ids = [id];
  // A record that was tampered with must not keep a page busy for ever.
  const seen = new Set(ids);
  const isNew = (one: string | null | undefined): one is string => {
    if (!one || seen.has(one)) return false;
    seen.add(one);
    return true;
  };
  for (let one = before.get(id); isNew(one); one = before.get(one)) ids.unshift(one);
  for (let one = states.get(id)?.retried_by; isNew(one); one = states.get(one)?.retried_by) ids.push(one);
  return ids.map((one) => ({ id: one, state: states.get(one) ?? null }));
}
