/** What a chart over time shows, and how it is laid out. */

export interface Series {
  label: string;
  /** Name of the custom property of the style sheet that has its colour. */
  colour: `--${string}`;
  /** One for each time. */
  values: readonly number[];
}

export interface TimeSeries {
  /** Beginnings of equal spans, in unix s, oldest first. */
  times: readonly number[];
  /** How long each span is, in s. */
  spanS: number;
  series: readonly Series[];
}

/** Each series on top of those before it. */
export function stacked(series: readonly Series[]): number[][] {
  const tops: number[][] = [];
  for (const { values } of series) {
    const below = tops.at(-1);
    tops.push(values.map((value, index) => value + (below?.[index] ?? 0)));
  }
  return tops;
}

/** Which span a moment lies in; null outside of all. */
export function indexAt({ times, spanS }: TimeSeries, moment: number): number | null {
  const first = times[0];
  if (first === undefined) return null;
  const index = Math.floor((moment - first) / spanS);
  return index >= 0 && index < times.length ? index : null;
}

export function sum(values: readonly number[]): number {
  return values.reduce((all, one) => all + one, 0);
}

const DAY_S = 86_400;

/** Labels below the time axis: the day where days are shown, else the time of day. */
export function timeLabels(moments: readonly number[], rangeS: number, locale?: string): string[] {
  const format = new Intl.DateTimeFormat(
    locale,
    rangeS > 2 * DAY_S
      ? { month: "short", day: "numeric" }
      : { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  );
  return moments.map((moment) => format.format(moment * 1000));
}
