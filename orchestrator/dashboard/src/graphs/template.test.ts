import { expect, it } from "vitest";
import type { GraphNode } from "../api/types";
import { templateOf } from "./template";
import { textOf } from "./text";

const NODE: GraphNode = {
  node_name: "Load",
  namespace: "shop",
  identifier: "load",
  inputs: { source: "orders/${{ store.day }}", note: "yes", lines: "a\nb\n" },
  next_nodes: null,
  unites: null,
  retry_policy: { max_retries: 1, strategy: "LINEAR", backoff_factor: 5, exponent: 2, max_delay: null },
  timeout_ms: null,
};

const GRAPH = {
  nodes: [NODE],
  retry_policy: {
    max_retries: 3,
    strategy: "FIXED" as const,
    backoff_factor: 2000,
    exponent: 2,
    max_delay: null,
  },
  store_config: { required_keys: ["day"], default_values: {} },
  triggers: [],
};

it("a declaration has what was given, in the order in which people write it", () => {
  expect(templateOf(GRAPH)).toEqual({
    nodes: [
      {
        identifier: "load",
        node_name: "Load",
        namespace: "shop",
        inputs: NODE.inputs,
        retry_policy: { max_retries: 1, strategy: "LINEAR", backoff_factor: 5, exponent: 2 },
      },
    ],
    retry_policy: { max_retries: 3, strategy: "FIXED", backoff_factor: 2000, exponent: 2 },
    store_config: { required_keys: ["day"] },
  });
  expect(Object.keys(templateOf(GRAPH).nodes?.[0 as never] ?? {})[0]).toBe("identifier");
});

it("no store and no schedules are no part of it", () => {
  const bare = {
    ...GRAPH,
    store_config: {},
    nodes: [{ ...NODE, inputs: {}, next_nodes: [], retry_policy: null }],
  };
  expect(templateOf(bare)).toEqual({
    nodes: [{ identifier: "load", node_name: "Load", namespace: "shop", next_nodes: [] }],
    retry_policy: { max_retries: 3, strategy: "FIXED", backoff_factor: 2000, exponent: 2 },
  });
});

it("as YAML it reads as people write it, and no text of it becomes anything else", () => {
  expect(textOf({ inputs: NODE.inputs, next_nodes: ["a"] }, "yaml")).toBe(
    "inputs:\n  source: orders/${{ store.day }}\n  note: yes\n  lines: |\n    a\n    b\nnext_nodes:\n  - a\n",
  );
  expect(textOf({ number: "5", no: "true", nil: "null" }, "yaml")).toBe(
    'number: "5"\nno: "true"\nnil: "null"\n',
  );
  expect(textOf({ a: ["b"] }, "json")).toBe('{\n  "a": [\n    "b"\n  ]\n}\n');
});
