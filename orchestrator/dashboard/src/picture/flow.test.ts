import { expect, it } from "vitest";
import type { GraphNode } from "../api/types";
import { labelOf, waysOf } from "./flow";

function node(
  identifier: string,
  next: string[],
  inputs: Record<string, string> = {},
  unites?: string,
): GraphNode {
  return {
    identifier,
    node_name: identifier,
    namespace: "ns",
    inputs,
    next_nodes: next,
    unites: unites === undefined ? null : { identifier: unites, strategy: "ALL_SUCCESS" },
  };
}

const lines = (nodes: GraphNode[]) =>
  waysOf(nodes).map((way) => `${way.source} ${way.kind} ${way.target} (${labelOf(way)})`);

it("values go along the edge from the parent, and along a way of their own from other ancestors", () => {
  const nodes = [
    node("a", ["b"]),
    node("b", ["c"], { x: "${{ a.outputs.x }}", y: "1 + ${{a.outputs.z}}" }),
    node("c", [], { v: "${{ a.outputs.x }} and ${{ b.outputs.w }}" }),
  ];
  expect(lines(nodes)).toEqual(["a next b (x, z → y)", "b next c (w → v)", "a reads c (x → v)"]);
});

it("what unites the branches of a node says so", () => {
  const nodes = [node("fan", ["work"]), node("work", ["join"]), node("join", [], {}, "fan")];
  expect(lines(nodes)).toEqual(["fan next work ()", "work next join ()", "fan unites join (unites)"]);
});

it("a graph that names nodes that are not there is drawn all the same", () => {
  const broken = { ...node("b", ["nowhere"], { x: "${{ nobody.outputs.x }}" }, "none"), next_nodes: null };
  expect(lines([node("a", ["gone"]), broken])).toEqual([]);
});

it("text that is no placeholder of an output is no way", () => {
  expect(lines([node("a", []), node("b", [], { x: "${{ store.a }} ${ a.outputs.x } <script>" })])).toEqual(
    [],
  );
});
