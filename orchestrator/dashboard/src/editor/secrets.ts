/** The secrets of a graph while it is edited. Their values can't be read, so a new version needs each of them anew. */

export interface SecretChoice {
  /** Values by name, as somebody has typed them. */
  given: ReadonlyMap<string, string>;
  /** Those of the version before that the next one shall not have. */
  dropped: ReadonlySet<string>;
}

export const NO_SECRETS: SecretChoice = { given: new Map(), dropped: new Set() };

/** The names that the next version has: those of the one before that are not dropped, and those that were added. */
export function namesOf(before: readonly string[], choice: SecretChoice): string[] {
  const kept = before.filter((name) => !choice.dropped.has(name));
  return [...new Set([...kept, ...choice.given.keys()])];
}

/** Those that have no value yet; without it they would be lost. */
export function missingOf(before: readonly string[], choice: SecretChoice): string[] {
  return namesOf(before, choice).filter((name) => !choice.given.get(name));
}

export function give(choice: SecretChoice, name: string, value: string): SecretChoice {
  const dropped = new Set(choice.dropped);
  dropped.delete(name);
  return { given: new Map(choice.given).set(name, value), dropped };
}

export function drop(choice: SecretChoice, name: string): SecretChoice {
  const given = new Map(choice.given);
  given.delete(name);
  return { given, dropped: new Set(choice.dropped).add(name) };
}

/** What a secret may be called, as the state manager has it. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

export function isName(name: string): boolean {
  return NAME.test(name);
}
