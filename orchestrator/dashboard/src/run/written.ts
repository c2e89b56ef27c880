/** The lines that a state wrote, as they are shown: the newest of them. */

import type { LogEvent, LogLine } from "../api/types";

/** How many lines are shown: what else there is of a state is to be found below them. */
export const SHOWN_LINES = 200;

export interface Written {
  lines: readonly LogLine[];
  /** How many that came before these are not shown, or kept no more. */
  left: number;
}

export const NOTHING_WRITTEN: Written = { lines: [], left: 0 };

/** Add what came in. A gap is of the whole run: how much of it was this state's nobody knows any more. */
export function withEvents(before: Written, events: readonly LogEvent[]): Written {
  const fresh = events.flatMap((event) => (event.line ? [event.line] : []));
  if (fresh.length === 0) return before;
  const all = [...before.lines, ...fresh];
  const shown = all.slice(-SHOWN_LINES);
  return { lines: shown, left: before.left + all.length - shown.length };
}

/** Spell the fields of a line as they are written in code. */
export function fieldsOf(line: LogLine): string {
  return Object.entries(line.fields)
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join("  ");
}
