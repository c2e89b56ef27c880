/** What a graph says about the way from node to node: edges, the values that go along them, and what unites what. */

import type { GraphNode } from "../api/types";

/** A value that a node takes from an earlier one. */
export interface Mapping {
  output: string;
  input: string;
}

export interface Way {
  id: string;
  source: string;
  target: string;
  /** `next`: follows on it; `reads`: takes values of an ancestor that is not its parent; `unites`: waits for its branches. */
  kind: "next" | "reads" | "unites";
  mappings: Mapping[];
}

const PLACEHOLDER = /\$\{\{\s*([A-Za-z0-9_-]+)\.outputs\.([A-Za-z0-9_]+)\s*\}\}/g;

/** The values that a node reads, by the identifier of the node that they come from. */
export function readsOf(node: GraphNode): Map<string, Mapping[]> {
  const reads = new Map<string, Mapping[]>();
  for (const [input, text] of Object.entries(node.inputs)) {
    for (const [, source = "", output = ""] of text.matchAll(PLACEHOLDER)) {
      reads.set(source, [...(reads.get(source) ?? []), { output, input }]);
    }
  }
  return reads;
}

/** All ways of a graph. Names of nodes that are not there, as a graph that is not valid may have, lead nowhere. */
export function waysOf(nodes: readonly GraphNode[]): Way[] {
  const known = new Map(nodes.map((node) => [node.identifier, node]));
  const ways = new Map<string, Way>();
  const add = (kind: Way["kind"], source: string, target: string, mappings: Mapping[]) => {
    const id = `${kind} ${source} ${target}`;
    if (known.has(source) && known.has(target)) ways.set(id, { id, source, target, kind, mappings });
  };
  for (const node of nodes) {
    for (const next of node.next_nodes ?? []) {
      const child = known.get(next);
      add("next", node.identifier, next, (child && readsOf(child).get(node.identifier)) ?? []);
    }
  }
  for (const node of nodes) {
    for (const [source, mappings] of readsOf(node)) {
      if (!ways.has(`next ${source} ${node.identifier}`)) add("reads", source, node.identifier, mappings);
    }
    if (node.unites) add("unites", node.unites.identifier, node.identifier, []);
  }
  return [...ways.values()];
}

export function labelOf(way: Way): string {
  if (way.kind === "unites") return "unites";
  return way.mappings
    .map(({ output, input }) => (output === input ? output : `${output} → ${input}`))
    .join(", ");
}
