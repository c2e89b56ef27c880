import { expect, it } from "vitest";
import { firstGraph } from "./first";
import { parse } from "./parse";

it("a new graph begins with two nodes that follow on each other, and is a graph", () => {
  expect(parse(firstGraph("shop", []), "yaml")).toMatchObject({
    findings: [],
    body: {
      nodes: [
        {
          identifier: "first",
          node_name: "Load",
          namespace: "shop",
          inputs: { source: "" },
          next_nodes: ["second"],
        },
        { identifier: "second", node_name: "Work", inputs: { item: "${{ first.outputs.item }}" } },
      ],
      retry_policy: { max_retries: 3 },
    },
  });
});

it("the nodes are such as are registered, and their inputs those that must be given", () => {
  const schema = (required: string[], ...names: string[]) => ({
    properties: Object.fromEntries(names.map((name) => [name, { type: "string" }])),
    required,
  });
  const one = { name: "One", inputs_schema: schema(["a", "b"], "a", "b", "c"), outputs_schema: schema([]) };
  expect(parse(firstGraph("ns", [one]), "yaml").body?.nodes).toMatchObject([
    { node_name: "One", inputs: { a: "", b: "" } },
    { node_name: "One", inputs: { a: "", b: "" } },
  ]);
});
