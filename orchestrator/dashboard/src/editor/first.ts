/** What a new graph begins with: a small one that says what its parts mean. */

import type { Schema } from "../api/types";
import { fieldsOf } from "../nodes/schema";

type Node = Pick<Schema<"RegisteredNode">, "name" | "inputs_schema" | "outputs_schema">;

const EXAMPLES: readonly Node[] = [
  {
    name: "Load",
    inputs_schema: { properties: { source: {} }, required: ["source"] },
    outputs_schema: { properties: { item: {} } },
  },
  {
    name: "Work",
    inputs_schema: { properties: { item: {} }, required: ["item"] },
    outputs_schema: { properties: {} },
  },
];

/** A graph of two nodes that are registered, or of two that might be. */
export function firstGraph(namespace: string, registered: readonly Node[]): string {
  const [one, two = one] = registered.length > 0 ? registered : EXAMPLES;
  if (one === undefined || two === undefined) return "";
  const given = fieldsOf(one.outputs_schema)[0]?.name;
  const taken = given === undefined ? '""' : `\${{ first.outputs.${given} }}`;
  return `# A graph names nodes, and what follows on what. It is checked as you type.
nodes:
  - identifier: first        # what this use of the node is called; unique in the graph
    node_name: ${one.name}
    namespace: ${namespace}
${inputs(one, '""')}    next_nodes: [second]     # what follows on it; a run begins at the node that follows on none
  - identifier: second
    node_name: ${two.name}
    namespace: ${namespace}
${inputs(two, taken)}
retry_policy:
  max_retries: 3             # after the first try
  strategy: EXPONENTIAL
  backoff_factor: 2000       # ms before the first retry

# Values that all nodes of a run can read, as \${{ store.day }}:
# store_config:
#   required_keys: [day]     # asked for when a run is started
#   default_values: { currency: EUR }

# Runs that start by themselves:
# triggers:
#   - type: CRON
#     value: { expression: "0 9 * * 1-5", timezone: Europe/Paris }
`;
}

/** The inputs that a node must be given; the first one takes what the node before has to give. */
function inputs(node: Node, first: string): string {
  const fields = fieldsOf(node.inputs_schema).filter((field) => field.required);
  if (fields.length === 0) return "    inputs: {}\n";
  const lines = fields.map((field, index) => `      ${field.name}: ${index === 0 ? first : '""'}\n`);
  return `    inputs:                  # text; \${{ … }} puts in what a node before has given\n${lines.join("")}`;
}
