/** Which versions of the software the runtimes are on. */

import type { Runtime } from "../api/types";

export interface VersionCount {
  version: string;
  /** How many runtimes that are alive run on it. */
  count: number;
}

/** The versions that were told by runtimes that are alive, the most frequent first. */
export function versionsOf(runtimes: readonly Pick<Runtime, "alive" | "version">[]): VersionCount[] {
  const counts = new Map<string, number>();
  for (const { alive, version } of runtimes) {
    if (alive && version) counts.set(version, (counts.get(version) ?? 0) + 1);
  }
  return [...counts]
    .map(([version, count]) => ({ version, count }))
    .sort((one, other) => other.count - one.count || one.version.localeCompare(other.version));
}
