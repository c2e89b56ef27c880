/** A graph as somebody would declare it: without what the state manager says of it, and without what is left out anyway. */

import type { Graph, GraphNode } from "../api/types";

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** In the order in which people write them. */
const NODE_FIELDS = [
  "identifier",
  "node_name",
  "namespace",
  "inputs",
  "next_nodes",
  "unites",
  "retry_policy",
  "timeout_ms",
] as const satisfies (keyof GraphNode)[];

export type Declared = Pick<Graph, "nodes" | "retry_policy" | "store_config" | "triggers">;

/** The declaration. Of secrets there is nothing in it: their values can't be read. */
export function templateOf(graph: Declared): { [name: string]: Json } {
  const { required_keys = [], default_values = {} } = graph.store_config;
  return given({
    nodes: graph.nodes.map((node) =>
      given(Object.fromEntries(NODE_FIELDS.map((name) => [name, node[name]]))),
    ),
    retry_policy: graph.retry_policy,
    store_config: {
      required_keys: required_keys.length > 0 ? required_keys : null,
      default_values,
    },
    triggers:
      graph.triggers.length > 0 ? graph.triggers.map((one) => ({ ...one, value: given(one.value) })) : null,
  });
}

/** Leave out what is null, and objects that nothing is left in, at any depth. */
function given(fields: object): { [name: string]: Json } {
  const kept: { [name: string]: Json } = {};
  for (const [name, value] of Object.entries(fields) as [string, Json | undefined][]) {
    if (value === null || value === undefined) continue;
    const inside = isObject(value) ? given(value) : value;
    if (!isObject(inside) || Object.keys(inside).length > 0) kept[name] = inside;
  }
  return kept;
}

function isObject(value: Json): value is { [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
