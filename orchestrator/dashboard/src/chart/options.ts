/** How uPlot is told what to draw. */

import uPlot from "uplot";
import { indexAt, stacked, type TimeSeries, timeLabels } from "./series";

/** Bars that stand on each other, or lines. */
export type Kind = "bars" | "lines";

export type ColourOf = (property: string) => string;

const BAR_WIDTH = 0.82;
const WIDEST_BAR_PX = 36;
const HEADROOM = 1.08;
const FONT = "12px system-ui, sans-serif";
const Y_AXIS_PX = 46;
const X_AXIS_PX = 26;

/** uPlot draws the first series first: the highest of a stack stands behind all others. */
export function columnsOf(data: TimeSeries, kind: Kind): uPlot.AlignedData {
  const values = kind === "bars" ? stacked(data.series) : data.series.map((one) => [...one.values]);
  return [[...data.times], ...values.reverse()];
}

export function optionsOf(
  kind: Kind,
  latest: () => TimeSeries,
  colourOf: ColourOf,
  onPoint: (index: number | null) => void,
): Omit<uPlot.Options, "width" | "height"> {
  const axis = {
    stroke: colourOf("--dim"),
    font: FONT,
    grid: { stroke: colourOf("--line"), width: 1 },
    ticks: { show: false },
  };
  return {
    legend: { show: false },
    padding: [8, 18, 0, 0],
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: {
      x: {
        range: () => {
          const { times, spanS } = latest();
          const last = times.at(-1) ?? 0;
          return [times[0] ?? 0, kind === "bars" ? last + spanS : last];
        },
      },
      y: { range: (_, __, most) => [0, Math.max(1, (most ?? 0) * HEADROOM)] },
    },
    axes: [
      {
        ...axis,
        size: X_AXIS_PX,
        grid: { show: false },
        values: (_, splits) => timeLabels(splits, (splits.at(-1) ?? 0) - (splits[0] ?? 0)),
      },
      { ...axis, size: Y_AXIS_PX },
    ],
    series: [
      {},
      ...latest()
        .series.map((one) => seriesOf(kind, colourOf(one.colour)))
        .reverse(),
    ],
    hooks: {
      setCursor: [
        (plot) => {
          const left = plot.cursor.left ?? -1;
          onPoint(left < 0 ? null : indexAt(latest(), plot.posToVal(left, "x")));
        },
      ],
    },
  };
}

function seriesOf(kind: Kind, colour: string): uPlot.Series {
  if (kind === "lines") {
    return { stroke: colour, width: 2, fill: `${colour}22`, points: { show: false } };
  }
  const paths = uPlot.paths.bars?.({ size: [BAR_WIDTH, WIDEST_BAR_PX], align: 1 });
  return { fill: colour, width: 0, points: { show: false }, ...(paths && { paths }) };
}
