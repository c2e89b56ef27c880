/** The text of a graph's declaration: what it says, and where it is no JSON or YAML. */

import { jsonLanguage } from "@codemirror/lang-json";
import { type Document, parseDocument } from "yaml";
import type { Schema } from "../api/types";
import type { Format } from "../graphs/text";
import { rangeOf } from "./range";

/** A place in the text, in characters from its beginning. */
export interface Range {
  from: number;
  to: number;
}

export interface Finding extends Range {
  message: string;
  /** Whether the message is about this very place; otherwise it is about the whole. */
  placed: boolean;
}

export interface Parsed {
  document: Document;
  /** What it says, whatever that is; undefined where it can't be read. */
  value: unknown;
  /** What is sent; null while it can't be. */
  body: Schema<"UpsertGraphRequest"> | null;
  findings: Finding[];
}

const PARTS = ["nodes", "retry_policy", "store_config", "triggers"];
/** An alias may be used so often; more of them would fill the memory. */
const ALIASES = 100;

export function parse(text: string, format: Format): Parsed {
  // JSON is YAML, too, and this one knows where everything stands.
  const document = parseDocument(text, { prettyErrors: false, logLevel: "silent" });
  const faults = format === "json" ? jsonFaults(text, document) : yamlFaults(document);
  const unread = (findings: Finding[]): Parsed => ({ document, value: undefined, body: null, findings });
  if (faults.length > 0) return unread(faults);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: ALIASES });
  } catch (fault) {
    return unread([whole(fault instanceof Error ? fault.message : String(fault))]);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return unread([whole("a graph is an object with nodes; begin with “nodes:”")]);
  }
  const names = Object.keys(value);
  const findings = names
    .filter((name) => !PARTS.includes(name))
    .map((name) => ({ ...rangeOf(document, [name]), message: strange(name), placed: true }));
  const parts = Object.fromEntries(Object.entries(value).filter(([name]) => PARTS.includes(name)));
  // Whether it is a graph is for the state manager to judge.
  return { document, value, body: parts as Schema<"UpsertGraphRequest">, findings };
}

/** Whether the text names secrets, which belong into fields of their own. */
export function namesSecrets(value: unknown): boolean {
  return typeof value === "object" && value !== null && "secrets" in value;
}

function strange(name: string): string {
  return name === "secrets"
    ? "secrets: take them out of the text and give them in the fields beside it, where nobody can read them"
    : `${name}: is no part of a graph and is not saved; the parts are ${PARTS.join(", ")}`;
}

function whole(message: string): Finding {
  return { message, from: 0, to: 0, placed: false };
}

function yamlFaults(document: Document): Finding[] {
  return document.errors.map(({ message, pos: [from, to] }) => ({ message, from, to, placed: true }));
}

function jsonFaults(text: string, document: Document): Finding[] {
  try {
    JSON.parse(text);
  } catch (fault) {
    const told = fault instanceof Error ? fault.message : String(fault);
    // What browsers say of the place differs, and some say nothing.
    const message = told
      .replace(/ (in JSON )?at position .*$/, "")
      .replace(/, "[^]*" is not valid JSON$/, "");
    const from = firstFault(text);
    return [
      { message: `this is not JSON: ${message}`, from, to: Math.min(text.length, from + 1), placed: true },
    ];
  }
  return document.errors
    .filter((error) => error.code === "DUPLICATE_KEY")
    .map(({ message, pos: [from, to] }) => ({ message, from, to, placed: true }));
}

function firstFault(text: string): number {
  let first = text.length;
  jsonLanguage.parser.parse(text).iterate({
    enter: (node) => {
      if (node.type.isError) first = Math.min(first, node.from);
    },
  });
  return first;
}
