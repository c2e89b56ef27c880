/** What the form that starts a run asks for, and what it sends. */

import type { Graph, Schema } from "../api/types";
import { rootOf } from "./rootOf";

export interface Field {
  name: string;
  /** What holds when nothing is given. */
  fallback: string;
  required: boolean;
}

export interface TriggerFields {
  inputs: Field[];
  store: Field[];
}

export function fieldsOf(graph: Pick<Graph, "nodes" | "store_config">): TriggerFields {
  const defaults = graph.store_config.default_values ?? {};
  const required = graph.store_config.required_keys ?? [];
  const keys = [...new Set([...required, ...Object.keys(defaults)])];
  return {
    inputs: Object.entries(rootOf(graph)?.inputs ?? {}).map(([name, fallback]) => ({
      name,
      fallback,
      required: false,
    })),
    store: keys.map((name) => ({
      name,
      fallback: defaults[name] ?? "",
      required: required.includes(name) && !(name in defaults),
    })),
  };
}

/** Given texts by name; a name that is not there was left as it is. An empty text is a value like any other. */
export type Given = ReadonlyMap<string, string>;

export function bodyOf(inputs: Given, store: Given, delayS: number): Schema<"TriggerRequest"> {
  return {
    inputs: Object.fromEntries(inputs),
    store: Object.fromEntries(store),
    start_delay: Math.max(0, Math.round(delayS * 1000)),
  };
}

/** Required keys that nothing was given for. */
export function missing(fields: readonly Field[], given: Given): string[] {
  return fields.filter((field) => field.required && !given.has(field.name)).map((field) => field.name);
}
