import type { Graph } from "../api/types";

/** A graph as somebody would store it, as JSON. Of secrets there are only the names: their values can't be read. */
export function sourceOf(graph: Graph): string {
  const { nodes, retry_policy, store_config, triggers } = graph;
  const secrets = Object.fromEntries(Object.keys(graph.secrets).map((name) => [name, "…"]));
  return JSON.stringify({ secrets, nodes, retry_policy, store_config, triggers }, null, 2);
}
