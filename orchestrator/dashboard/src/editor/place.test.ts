import { describe, expect, it } from "vitest";
import { findingsOf, lineOf, secretsNeeded } from "./findings";
import { parse } from "./parse";

const TEXT = `nodes:
  - identifier: load
    node_name: Load
    namespace: shop
    inputs:
      source: orders/\${{ store.day }}
      a.b: "1"
    next_nodes:
      - wrok
      - load
  - identifier: "it's"
    node_name: Work
    namespace: shop
    timeout_ms: 0
    retry_policy:
      max_retries: -1
    unites:
      identifier: lod
  - node_name: Nameless
    namespace: shop
  - identifier: load
    node_name: Again
    namespace: shop
    inputs: {x: "\${{ load.outputs.x }}"}
retry_policy:
  max_retries: -1
store_config:
  required_keys: [a.b]
  default_values: {}
triggers:
  - type: CRON
    value:
      expression: 0 25 * * *
      timezone: Mars/Phobos
`;

/** The line that a message is shown at, with what is marked there. */
function shown(message: string, text = TEXT): string {
  const [finding] = findingsOf(parse(text, "yaml"), [message]);
  if (!finding?.placed) return "nowhere";
  return `${lineOf(text, finding.from)} ${text.slice(finding.from, finding.to)}`;
}

describe("a message of the state manager is shown", () => {
  it.each([
    [
      "node 'load': inputs.source: the placeholder that begins at '${{ x' is not closed with '}}'",
      "6 source: orders/${{ store.day }}",
    ],
    ["node 'load': inputs.a.b: Input should be a valid string, not 1 (int)", '7 a.b: "1"'],
    ["node 'load': next_nodes names 'wrok', which is no node of this graph; did you mean 'work'?", "9 wrok"],
    ["node 'load': next_nodes: next_nodes names 'b' more than once", "8 next_nodes"],
    ["node 'load': next_nodes.1: Input should be a valid string, not 1 (int)", "10 load"],
    [`node "it's": timeout_ms: Input should be greater than 0`, "14 timeout_ms: 0"],
    [
      `node "it's": retry_policy.max_retries: Input should be greater than or equal to 0`,
      "16 max_retries: -1",
    ],
    [`node 'it\\'s': unites names 'lod', which is no node of this graph`, "18 identifier: lod"],
    [
      `node "it's": identifier: identifier "it's" is not allowed: use 1 to 128 of letters`,
      `11 identifier: "it's"`,
    ],
    [
      "node 'load': node_name 'Load' is not registered in namespace 'shop'; start a runtime that has it",
      "3 node_name: Load",
    ],
    ["node 'load': inputs.source: required by 'Load' and missing", "6 source: orders/${{ store.day }}"],
    ["node 'load': inputs.gone: required by 'Load' and missing", "5 inputs"],
    ["node 'load': secret 'token' is needed by 'Load'; add it to the graph's secrets", "3 node_name: Load"],
    [
      "node 'load': input 'n' of 'Load' is not a string in its schema; all fields must be strings",
      "3 node_name: Load",
    ],
    ["node 'load': identifier is used by 2 nodes; it must be unique in the graph", "21 identifier: load"],
    ["node 'load': the root 'r' does not reach it; put it into a node's next_nodes", "2 identifier: load"],
    ["node 'load' has 300 inputs; the limit is 256 (EXOSPHERE_MAX_FIELDS)", "5 inputs"],
    ["node 'load' is of namespace 'shop'; this API key is for namespace 'other'", "4 namespace: shop"],
    ["node 'load': colour: Extra inputs are not permitted", "2 identifier: load"],
    ["nodes[2]: identifier: Field required", "19 node_name: Nameless"],
    ["nodes.2: Input should be a valid dictionary", "19 node_name: Nameless"],
    ["nodes: the graph has a cycle: load → it's → load", "8 next_nodes"],
    [
      "nodes: the graph has more than one root: 'load', 'it''s'; exactly one node may have no incoming edge",
      "1 nodes",
    ],
    ["nodes: the graph has 11 nodes; the limit is 10 (EXOSPHERE_MAX_NODES)", "1 nodes"],
    ["retry_policy: max_retries: Input should be greater than or equal to 0", "26 max_retries: -1"],
    ["store_config: required_keys: required_keys entry 'a.b' is not allowed", "28 required_keys"],
    ["store_config.default_values has 2,000 keys; the limit is 1,000", "29 default_values"],
    ["triggers[0]: cron expression '0 25 * * *' can't be read: out of range", "33 expression: 0 25 * * *"],
    ["triggers[0]: time zone 'Mars/Phobos' is unknown; use an IANA name", "34 timezone: Mars/Phobos"],
    ["triggers[0]: value.expression: cron expression '0' has 1 fields", "33 expression: 0 25 * * *"],
    ["triggers: the graph has 101 triggers; the limit is 100", "30 triggers"],
  ])("%s", (message, place) => expect(shown(message)).toBe(place));

  it("of what is nowhere in the text at no place", () => {
    expect(shown("secret name 'two words' is not allowed: use 1 to 128 of letters")).toBe("nowhere");
    expect(shown("secrets: the graph has 300 secrets; the limit is 256")).toBe("nowhere");
    expect(shown("graph 'x' is being changed by others all the time; try again")).toBe("nowhere");
    expect(shown("node 'gone': colour: Extra inputs are not permitted")).toBe("1 nodes");
  });

  it("at the last of several roots, and for an identifier that was cut at the one that it begins", () => {
    const text = `nodes:\n  - identifier: a\n  - identifier: ${"x".repeat(80)}\n    unites: {identifier: a}\n`;
    expect(shown("nodes: the graph has more than one root: 'b', 'a'; exactly one may", text)).toBe(
      "2 identifier: a",
    );
    expect(shown(`node '${"x".repeat(60)}…': unites.identifier: no`, text)).toBe("4 identifier: a");
  });
});

it("the secrets that are needed are read from the messages, each once", () => {
  const need = (name: string) =>
    `node 'a': secret '${name}' is needed by 'Load'; add it to the graph's secrets`;
  expect(secretsNeeded([need("token"), "nodes: the graph is empty", need("token"), need("pass")])).toEqual([
    "token",
    "pass",
  ]);
});
