/** A chart over time with its legend, and the same as a table for who can't see it. */

import { lazy, Suspense, useId, useState } from "react";
import type { Kind } from "./options";
import { sum, type TimeSeries } from "./series";
import { loaded } from "../shell/loaded";

const Plot = lazy(async () => ({ default: (await loaded(() => import("./Plot"))).Plot }));

const HEIGHT_PX = 190;

export function Chart({
  data,
  kind,
  label,
  format,
}: {
  data: TimeSeries;
  kind: Kind;
  /** What is drawn, in one sentence. */
  label: string;
  format(value: number): string;
}) {
  const [pointed, setPointed] = useState<number | null>(null);
  const title = useId();
  const time = pointed === null ? undefined : data.times[pointed];
  // A stack tells how many there are in all, lines how it stands now.
  const rest = (values: readonly number[]) => (kind === "bars" ? sum(values) : (values.at(-1) ?? 0));
  return (
    <figure className="chart" aria-labelledby={title}>
      <div role="img" aria-label={label}>
        <Suspense fallback={<div className="plot" style={{ height: HEIGHT_PX }} />}>
          <Plot data={data} kind={kind} height={HEIGHT_PX} onPoint={setPointed} />
        </Suspense>
      </div>
      <figcaption className="row hint legend" id={title}>
        {data.series.map((one) => (
          <span key={one.label}>
            <span className="dot" style={{ background: `var(${one.colour})` }} aria-hidden="true" />{" "}
            {format((pointed === null ? undefined : one.values[pointed]) ?? rest(one.values))} {one.label}
          </span>
        ))}
        <span className="spring" />
        {time !== undefined && <span>{spanText(time, data.spanS)}</span>}
      </figcaption>
      <details>
        <summary className="hint">As a table</summary>
        <ChartTable data={data} label={label} format={format} />
      </details>
    </figure>
  );
}

/** The spans in which there was something; the others would only be long. */
function ChartTable({
  data,
  label,
  format,
}: {
  data: TimeSeries;
  label: string;
  format(value: number): string;
}) {
  const rows = data.times
    .map((time, index) => ({ time, values: data.series.map((one) => one.values[index] ?? 0) }))
    .filter((row) => row.values.some((value) => value > 0))
    .reverse();
  return (
    <div className="scroll chart-table">
      <table className="table small">
        <caption className="hint">
          {label}. {rows.length === 0 ? "There was nothing." : "Times without any are left out."}
        </caption>
        <thead>
          <tr>
            <th scope="col">From</th>
            {data.series.map((one) => (
              <th key={one.label} scope="col" className="right">
                {one.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.time}>
              <th scope="row">{new Date(row.time * 1000).toLocaleString()}</th>
              {row.values.map((value, index) => (
                <td key={data.series[index]?.label} className="right">
                  {format(value)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function spanText(time: number, spanS: number): string {
  const from = new Date(time * 1000);
  const to = new Date((time + spanS) * 1000);
  return `${from.toLocaleString()} to ${to.toLocaleTimeString()}`;
}
