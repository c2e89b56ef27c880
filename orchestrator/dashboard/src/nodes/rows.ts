/** Nodes with what is known of them: registration, queue, figures, and who executes them. */

import type { NodeFigures, Queue, RegisteredNode, Runtime } from "../api/types";
import { ended, failureRate } from "../figures/figures";

export interface NodeRow {
  name: string;
  /** null for one that is not registered (any more), while there are still states of it. */
  registered: RegisteredNode | null;
  queue: Queue | null;
  /** Of the last hour; null where nothing ended. */
  figures: NodeFigures | null;
  /** Those that are alive. */
  runtimes: Runtime[];
}

export interface NodeSources {
  nodes: readonly RegisteredNode[];
  queues: readonly Queue[];
  figures: readonly NodeFigures[];
  runtimes: readonly Runtime[];
}

/** By name. */
export function nodeRows({ nodes, queues, figures, runtimes }: NodeSources): NodeRow[] {
  const rows = new Map<string, NodeRow>();
  const rowOf = (name: string): NodeRow => {
    const known = rows.get(name);
    if (known) return known;
    const made: NodeRow = { name, registered: null, queue: null, figures: null, runtimes: [] };
    rows.set(name, made);
    return made;
  };
  for (const node of nodes) rowOf(node.name).registered = node;
  for (const queue of queues) {
    const stirs = queue.depth > 0 || queue.running > 0 || queue.paused;
    if (stirs || rows.has(queue.node_name)) rowOf(queue.node_name).queue = queue;
  }
  for (const one of figures) {
    if (ended(one) > 0) rowOf(one.node_name).figures = one;
  }
  for (const runtime of runtimes) {
    if (!runtime.alive) continue;
    for (const name of runtime.nodes) rows.get(name)?.runtimes.push(runtime);
  }
  return [...rows.values()].sort((one, other) => one.name.localeCompare(other.name));
}

export const COLUMNS = ["name", "runtimes", "waiting", "running", "ended", "failed", "p50", "p95"] as const;
export type Column = (typeof COLUMNS)[number];

const VALUE: Readonly<Record<Exclude<Column, "name">, (row: NodeRow) => number | null>> = {
  runtimes: (row) => row.runtimes.length,
  waiting: (row) => row.queue?.depth ?? null,
  running: (row) => row.queue?.running ?? null,
  ended: (row) => row.figures && ended(row.figures),
  failed: (row) => row.figures && failureRate(row.figures),
  p50: (row) => row.figures?.ran_p50_ms ?? null,
  p95: (row) => row.figures?.ran_p95_ms ?? null,
};

/** By name upwards, by a number downwards: the largest is what one looks for. What is not known comes last. */
export function sorted(rows: readonly NodeRow[], by: Column): NodeRow[] {
  if (by === "name") return [...rows];
  const value = VALUE[by];
  return [...rows].sort((one, other) => (value(other) ?? -1) - (value(one) ?? -1));
}

/** Those whose name, secrets or runtimes have a text in them. */
export function matching(rows: readonly NodeRow[], text: string): NodeRow[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return [...rows];
  return rows.filter((row) =>
    [
      row.name,
      row.registered?.runtime_name ?? "",
      ...(row.registered?.secrets ?? []),
      ...row.runtimes.map((runtime) => runtime.runtime_name ?? runtime.id),
    ].some((one) => one.toLowerCase().includes(wanted)),
  );
}
