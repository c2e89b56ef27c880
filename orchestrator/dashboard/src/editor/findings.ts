/** What is wrong with a declaration, each at its place in the text. */

import type { Finding, Parsed } from "./parse";
import { placeOf } from "./place";
import { rangeOf } from "./range";

/** Put messages of the state manager beside what the text itself is at fault in, in the order of the text. */
export function findingsOf(parsed: Parsed, messages: readonly string[]): Finding[] {
  const told = messages.map((message) => {
    const place = placeOf(message, parsed.value);
    return place
      ? { message, placed: true, ...rangeOf(parsed.document, place) }
      : { message, placed: false, from: 0, to: 0 };
  });
  return [...parsed.findings, ...told].sort((one, other) => one.from - other.from);
}

/** Secrets that nodes of the graph need and it does not have, as the messages name them. */
export function secretsNeeded(messages: readonly string[]): string[] {
  const needed = messages.flatMap((message) => {
    const [, name] = /: secret '([^']+)' is needed by '/.exec(message) ?? [];
    return name === undefined ? [] : [name];
  });
  return [...new Set(needed)];
}

/** The number of the line that a place is in, beginning with 1. */
export function lineOf(text: string, at: number): number {
  let line = 1;
  for (let next = text.indexOf("\n"); next >= 0 && next < at; next = text.indexOf("\n", next + 1)) line += 1;
  return line;
}
