/** What the form for a new key asks for. */

import type { Role, Schema } from "../api/types";

const DAY_MS = 86_400_000;

/** Each role, with what a key of it may do; the smallest first. */
export const ROLES: readonly (readonly [Role, string])[] = [
  ["viewer", "reads: runs, graphs, nodes, figures"],
  ["operator", "also starts, retries and cancels runs, pauses and resumes"],
  ["author", "also stores and deletes graphs, and registers nodes"],
  ["runtime", "does what a runtime needs, and nothing else"],
  ["admin", "does everything, API keys included"],
];

/** What is offered as the time that a key is good for, in ms; null for ever. */
export const EXPIRIES: readonly (readonly [string, number | null])[] = [
  ["1 day", DAY_MS],
  ["30 days", 30 * DAY_MS],
  ["90 days", 90 * DAY_MS],
  ["a year", 365 * DAY_MS],
  ["never", null],
];

const NAME = /^([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?$/;

/** Why a name can't be taken; empty where it can. */
export function nameFault(name: string): string {
  if (NAME.test(name.trim())) return "";
  return "Letters, digits, _, - and . only, no more than 128, and no - or . at the beginning.";
}

export function bodyOf(name: string, role: Role, expiry: string): Schema<"CreateKeyRequest"> {
  const ms = EXPIRIES.find(([text]) => text === expiry)?.[1] ?? null;
  return { name: name.trim(), role, expires_in_ms: ms };
}
