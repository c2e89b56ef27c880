/** What a namespace is called that nobody has named. */
const DEFAULT = "default";

/** The namespace to begin with: the key's own, else the one looked at last, else one that is there. */
export function chooseNamespace(known: readonly string[], ofKey: string, last: string | null): string {
  if (ofKey !== "*") return ofKey;
  if (last !== null && known.includes(last)) return last;
  return known.includes(DEFAULT) ? DEFAULT : (known[0] ?? DEFAULT);
}
