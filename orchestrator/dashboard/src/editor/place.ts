/** What part of a declaration a message of the state manager is about, by the label that it begins with. */

import type { Path } from "./range";

/** The path to the part, in what the declaration says; null for a message that names none. */
export function placeOf(message: string, value: unknown): Path | null {
  const node = /^node ('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")(?:: | (?=has |is ))([^]*)$/.exec(message);
  if (node) return placeInNode(textOf(node[1] ?? ""), node[2] ?? "", value);
  const item = /^(nodes|triggers)\[(\d+)\]: ([^]*)$/.exec(message);
  if (item) {
    const [, list = "", index = "", rest = ""] = item;
    return [
      list,
      Number(index),
      ...(list === "nodes" ? inNode(rest, value, Number(index)) : inTrigger(rest)),
    ];
  }
  if (message.startsWith("nodes: ")) return ["nodes", ...amongNodes(message, value)];
  const part = /^([a-z_]+(?:\.[^\s:]+)*)(?:: | has )([^]*)$/.exec(message);
  if (!part) return null;
  const [head = "", ...inside] = (part[1] ?? "").split(".");
  if (!["nodes", "retry_policy", "store_config", "triggers"].includes(head)) return null;
  return [head, ...inside, ...dotted(part[2] ?? "")];
}

function placeInNode(identifier: string, rest: string, value: unknown): Path | null {
  const alike = nodesOf(value).flatMap((node, index) => (isCalled(node, identifier) ? [index] : []));
  // Of several with one name it is the later ones that should not have it.
  const index = rest.startsWith("identifier is used by ") ? alike.at(-1) : alike[0];
  return index === undefined ? ["nodes"] : ["nodes", index, ...inNode(rest, value, index)];
}

/** What of a node is meant; a message that names no field is about the node as such. */
function inNode(rest: string, value: unknown, index: number): Path {
  const node = nodesOf(value)[index];
  const field = namesOf(node, "inputs").find((name) => rest.startsWith(`inputs.${name}: `));
  if (field !== undefined) return ["inputs", field];
  const [, named] = /^next_nodes names '([^']*)', which/.exec(rest) ?? [];
  if (named !== undefined) {
    const at = listOf(node, "next_nodes").findIndex((one) => typeof one === "string" && one.trim() === named);
    return at < 0 ? ["next_nodes"] : ["next_nodes", at];
  }
  if (rest.startsWith("unites names ")) return ["unites", "identifier"];
  if (rest.startsWith("is of namespace ")) return ["namespace"];
  if (/^has \d+ inputs;/.test(rest)) return ["inputs"];
  if (/^(node_name|secret|input|output) '/.test(rest)) return ["node_name"];
  if (/^(identifier is used by|the root) /.test(rest)) return ["identifier"];
  return dotted(rest);
}

function inTrigger(rest: string): Path {
  if (rest.startsWith("cron expression ")) return ["value", "expression"];
  if (rest.startsWith("time zone ")) return ["value", "timezone"];
  return dotted(rest);
}

/** What is said of the nodes together names some of them: the last of several roots, the first of a cycle. */
function amongNodes(message: string, value: unknown): Path {
  const indexOf = (identifier: string) => nodesOf(value).findIndex((node) => isCalled(node, identifier));
  const cycle = /^nodes: the graph has a cycle: (\S+) → /.exec(message);
  if (cycle) return inside(indexOf(cycle[1] ?? ""), "next_nodes");
  if (message.startsWith("nodes: the graph has more than one root: ")) {
    const roots = [...message.matchAll(/'([^']*)'/g)].map((one) => indexOf(one[1] ?? ""));
    return inside(roots.at(-1) ?? -1, "identifier");
  }
  return [];
}

function inside(index: number, field: string): Path {
  return index < 0 ? [] : [index, field];
}

/** "retry_policy.max_retries: …" → the path before the colon. */
function dotted(text: string): Path {
  const [, path] = /^([A-Za-z0-9_.-]+): /.exec(text) ?? [];
  return path?.split(".") ?? [];
}

function nodesOf(value: unknown): readonly unknown[] {
  return listOf(value, "nodes");
}

function listOf(value: unknown, name: string): readonly unknown[] {
  const list = fieldOf(value, name);
  return Array.isArray(list) ? list : [];
}

function namesOf(value: unknown, name: string): string[] {
  const fields = fieldOf(value, name);
  return typeof fields === "object" && fields !== null ? Object.keys(fields) : [];
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

/** A long identifier is cut in a message. */
function isCalled(node: unknown, identifier: string): boolean {
  const own = fieldOf(node, "identifier");
  if (typeof own !== "string") return false;
  return (
    own.trim() === identifier || (identifier.endsWith("…") && own.trim().startsWith(identifier.slice(0, -1)))
  );
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

/** A text as Python writes it in quotes. */
function textOf(quoted: string): string {
  return quoted
    .slice(1, -1)
    .replace(/\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|([^]))/g, (_, byte?: string, unit?: string, one = "") =>
      byte || unit ? String.fromCharCode(Number.parseInt(byte ?? unit ?? "", 16)) : (ESCAPES[one] ?? one),
    );
}
