/** Entries of the audit log, as they are searched and told. */

import type { AuditEntry } from "../api/types";

/** Those that have a text in them, whatever field it stands in. */
export function matching(entries: readonly AuditEntry[], text: string): AuditEntry[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return [...entries];
  return entries.filter((entry) =>
    [
      entry.key_id,
      entry.call,
      // As the table has it.
      entry.call.replaceAll("_", " "),
      entry.namespace,
      entry.address,
      entry.request_id,
      String(entry.status),
      ...Object.entries(entry.things).flat(),
    ].some((one) => one.toLowerCase().includes(wanted)),
  );
}

/** Whether the call was refused, or may have failed halfway. */
export function isBad(entry: AuditEntry): boolean {
  return entry.status >= 400;
}
