import type { GraphNode } from "../api/types";

/** The node that a run begins with: the one that follows on no other. */
export function rootOf(graph: { nodes: readonly GraphNode[] }): GraphNode | null {
  const followers = new Set(graph.nodes.flatMap((node) => node.next_nodes ?? []));
  return graph.nodes.find((node) => !followers.has(node.identifier) && node.unites === null) ?? null;
}
