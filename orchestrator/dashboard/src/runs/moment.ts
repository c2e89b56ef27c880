/** Moments as a form field has them, which knows no time zone but the browser's. */

const MINUTE_LENGTH = "2026-02-01T12:00".length;

/** The text of a `datetime-local` field, to the minute; empty for none. */
export function fieldOf(moment: string): string {
  const at = new Date(moment);
  if (Number.isNaN(at.getTime())) return "";
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, MINUTE_LENGTH);
}

/** The moment that a `datetime-local` field names, in ISO 8601; empty for none. */
export function momentOf(field: string): string {
  const at = new Date(field);
  return Number.isNaN(at.getTime()) ? "" : at.toISOString();
}
