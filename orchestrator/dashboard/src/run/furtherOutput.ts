/** States that only keep a further output of a fan-out: nothing was executed for them. */

import type { Schema, State } from "../api/types";

type Recorded = Pick<State, "status" | "worker" | "ran_ms" | "created_at" | "updated_at">;

/** Whether it was made whole, as a success: whatever is executed comes to be before it ends. */
export function isFurtherOutput(state: Recorded): boolean {
  return (
    state.status === "SUCCESS" &&
    state.worker == null &&
    state.ran_ms == null &&
    state.created_at === state.updated_at
  );
}

type Structure = Pick<Schema<"StructureResponse">, "nodes" | "edges">;

/**
 * The state whose execution a further output came from; null where that can't be told.
 *
 * Of one parent, a node is executed once, so it is that sibling which was not retried; it was made before all that it returned.
 */
export function executedFor(structure: Structure, id: string): string | null {
  const parents = new Map(structure.edges.map((edge) => [edge.target, edge.source]));
  const own = structure.nodes.find((node) => node.id === id);
  const first = structure.nodes.find(
    (node) =>
      node.identifier === own?.identifier &&
      node.status !== "RETRY_CREATED" &&
      parents.get(node.id) === parents.get(id),
  );
  return first === undefined || first.id === id ? null : first.id;
}
