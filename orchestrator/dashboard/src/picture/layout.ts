/** Where each node of a picture stands: in layers, from left to right or, where there is little room, downwards. */

import { graphlib, layout as place } from "@dagrejs/dagre";
import type { Way } from "./flow";

export const WIDTH = 200;
export const HEIGHT = 84;

export interface Place {
  x: number;
  y: number;
}

export interface Layout {
  places: Map<string, Place>;
  /** Of the whole, in px. */
  width: number;
  height: number;
}

/** Place nodes by identifier; x and y are of their upper left corners, in px. */
export function layout(identifiers: readonly string[], ways: readonly Way[], downwards: boolean): Layout {
  const graph = new graphlib.Graph();
  const widest = Math.max(0, ...ways.filter((way) => way.kind === "next").map((way) => way.mappings.length));
  const labelled = widest > 0;
  graph.setGraph({
    rankdir: downwards ? "TB" : "LR",
    nodesep: 28,
    ranksep: downwards ? (labelled ? 56 : 40) : labelled ? 110 : 64,
  });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const identifier of identifiers) graph.setNode(identifier, { width: WIDTH, height: HEIGHT });
  // The other ways follow the edges: they must not push nodes about.
  for (const way of ways) if (way.kind === "next") graph.setEdge(way.source, way.target);
  place(graph);
  const places = new Map<string, Place>();
  for (const identifier of identifiers) {
    const { x, y } = graph.node(identifier) as Place;
    places.set(identifier, { x: x - WIDTH / 2, y: y - HEIGHT / 2 });
  }
  const all = [...places.values()];
  return {
    places,
    width: Math.max(0, ...all.map(({ x }) => x + WIDTH)),
    height: Math.max(0, ...all.map(({ y }) => y + HEIGHT)),
  };
}
