/** How numbers and times are written. */

/** Written by hand, since the first `Intl.NumberFormat` of a page takes a browser some 20 ms, more than all of its other numbers. */
export function number(value: number): string {
  const [whole = "", rest] = String(value).split(".");
  const apart = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return rest === undefined ? apart : `${apart}.${rest}`;
}

const BINARY = ["bytes", "KiB", "MiB", "GiB", "TiB"];

/** A size in bytes: "16 MiB". */
export function bytes(count: number): string {
  const power = Math.min(BINARY.length - 1, Math.floor(Math.log2(Math.max(1, count)) / 10));
  return `${number(Math.round((count / 1024 ** power) * 10) / 10)} ${BINARY[power]}`;
}

/** A part of a whole, from 0 to 1; what is there is never told as nothing. */
export function percent(part: number): string {
  return part > 0 && part < 0.001 ? "< 0.1%" : `${Math.round(part * 1000) / 10}%`;
}

/** How many a second, to three digits. */
export function rate(perSecond: number): string {
  return perSecond >= 100 ? number(Math.round(perSecond)) : number(Number(perSecond.toPrecision(3)));
}

const UNITS: readonly (readonly [string, number])[] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1000],
];

/** A time span in ms, in its two largest units: "1 h 12 min", "340 ms". */
export function duration(ms: number): string {
  if (ms < 0) return "0 ms";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const first = UNITS.findIndex(([, size]) => ms >= size);
  const [unit, size] = UNITS[first] ?? ["s", 1000];
  const whole = Math.floor(ms / size);
  const next = UNITS[first + 1];
  const rest = next ? Math.floor((ms - whole * size) / next[1]) : 0;
  return next && rest > 0 ? `${whole} ${unit} ${rest} ${next[0]}` : `${whole} ${unit}`;
}

/** How long ago, or how soon: "12 s ago", "in 3 min". */
export function ago(then: number, now: number): string {
  const ms = now - then;
  if (Math.abs(ms) < 1000) return "now";
  const [unit, size] = UNITS.find(([, one]) => Math.abs(ms) >= one) ?? ["s", 1000];
  const largest = `${Math.floor(Math.abs(ms) / size)} ${unit}`;
  return ms > 0 ? `${largest} ago` : `in ${largest}`;
}

/** An id that fits into a column; the whole stands beside it for who points at it. */
export function short(id: string): string {
  return id.length > 14 ? `${id.slice(0, 13)}…` : id;
}
