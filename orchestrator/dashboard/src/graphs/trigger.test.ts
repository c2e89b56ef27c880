import { expect, it } from "vitest";
import type { GraphNode } from "../api/types";
import { bodyOf, fieldsOf, missing } from "./trigger";

const node = (identifier: string, next: string[], inputs: Record<string, string>): GraphNode => ({
  identifier,
  node_name: identifier,
  namespace: "ns",
  inputs,
  next_nodes: next,
  unites: null,
});

const GRAPH = {
  nodes: [node("b", [], { y: "${{ a.outputs.v }}" }), node("a", ["b"], { x: "default" })],
  store_config: { required_keys: ["bucket", "region"], default_values: { region: "eu", size: "10" } },
};

it("the form asks for the inputs of the root and the keys of the store, with what holds otherwise", () => {
  expect(fieldsOf(GRAPH)).toEqual({
    inputs: [{ name: "x", fallback: "default", required: false }],
    store: [
      { name: "bucket", fallback: "", required: true },
      { name: "region", fallback: "eu", required: false },
      { name: "size", fallback: "10", required: false },
    ],
  });
});

it("a key that the graph requires must be given, and an empty text is given", () => {
  const { store } = fieldsOf(GRAPH);
  expect(missing(store, new Map())).toEqual(["bucket"]);
  expect(missing(store, new Map([["bucket", ""]]))).toEqual([]);
});

it("only what was given is sent", () => {
  expect(bodyOf(new Map([["x", ""]]), new Map(), 1.5)).toEqual({
    inputs: { x: "" },
    store: {},
    start_delay: 1500,
  });
});
