/** Where something stands in the text of a declaration. */

import { type Document, isAlias, isMap, isNode, isPair, isScalar, isSeq, type Node, type Pair } from "yaml";

export type Path = readonly (string | number)[];

/** The place of what a path leads to; of as much of it as is there. */
export function rangeOf(document: Document, path: Path): { from: number; to: number } {
  let node: unknown = document.contents;
  let best = edgeOf(node) ?? { from: 0, to: 0 };
  let rest = path;
  while (rest.length > 0) {
    if (isAlias(node)) node = node.resolve(document);
    const step = isMap(node) ? inMap(node.items, rest) : isSeq(node) ? inSeq(node.items, rest) : null;
    if (step === null) break;
    best = step.range ?? best;
    node = step.value;
    rest = rest.slice(step.taken);
  }
  return best;
}

interface Step {
  value: unknown;
  range: { from: number; to: number } | null;
  /** How many parts of the path it took. */
  taken: number;
}

/** A name may have dots in it, which a message writes like the dots between names: the longest that fits is meant. */
function inMap(items: readonly Pair[], path: Path): Step | null {
  for (let taken = path.length; taken > 0; taken -= 1) {
    const name = path.slice(0, taken).join(".");
    const pair = items.find((one) => isScalar(one.key) && String(one.key.value) === name);
    if (pair) return { value: pair.value, range: pairRange(pair), taken };
  }
  return null;
}

function inSeq(items: readonly unknown[], [index]: Path): Step | null {
  const value = items[Number(index)];
  return value === undefined ? null : { value, range: edgeOf(value), taken: 1 };
}

/** A name with its value, where that is no more than a line; else the name. */
function pairRange({ key, value }: Pair): Step["range"] {
  const name = span(key);
  const last = isScalar(value) ? span(value) : null;
  return name && { from: name.from, to: last?.to ?? name.to };
}

/** What stands first in something: its first name, or item. */
function edgeOf(value: unknown): Step["range"] {
  const first: unknown = isMap(value) || isSeq(value) ? value.items[0] : undefined;
  if (isPair(first)) return pairRange(first);
  return (first === undefined ? null : edgeOf(first)) ?? span(value);
}

function span(value: unknown): Step["range"] {
  const range = isNode(value) ? (value as Node).range : null;
  return range ? { from: range[0], to: range[1] } : null;
}
