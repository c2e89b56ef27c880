/** What is changed when something is run again. */

import type { Schema } from "../api/types";

/** New values by name; what is not among them stays as it was. An empty text is a value like any other. */
export type Changes = ReadonlyMap<string, string>;

/** Where a new run begins: at the root, at one state, or at each state of a node. */
export type Start = { at: "root" } | { at: "state"; id: string } | { at: "node"; identifier: string };

export function rerunOf(start: Start, inputs: Changes, store: Changes): Schema<"RerunRequest"> {
  return {
    ...(start.at === "state" ? { state_id: start.id } : {}),
    ...(start.at === "node" ? { identifier: start.identifier } : {}),
    inputs: Object.fromEntries(inputs),
    store: Object.fromEntries(store),
  };
}

/** Give a value, or with null leave it as it was. */
export function changed(before: Changes, name: string, value: string | null): Changes {
  const after = new Map(before);
  if (value === null) after.delete(name);
  else after.set(name, value);
  return after;
}

/** What a store key may be called, as the state manager has it. */
const KEY = /^[A-Za-z0-9_][A-Za-z0-9_-]{0,127}$/;

export function isStoreKey(name: string): boolean {
  return KEY.test(name);
}
