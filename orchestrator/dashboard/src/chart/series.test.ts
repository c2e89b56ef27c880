import { expect, it } from "vitest";
import { indexAt, stacked, sum, timeLabels, type TimeSeries } from "./series";

const data: TimeSeries = {
  times: [600, 660, 720],
  spanS: 60,
  series: [
    { label: "good", colour: "--success", values: [1, 2, 3] },
    { label: "bad", colour: "--errored", values: [0, 5, 1] },
  ],
};

it("each series stands on those before it", () => {
  expect(stacked(data.series)).toEqual([
    [1, 2, 3],
    [1, 7, 4],
  ]);
  expect(stacked([])).toEqual([]);
  expect(sum([1, 2, 3])).toBe(6);
});

it("a moment lies in the span that it falls into, to its very end", () => {
  expect([599, 600, 659.9, 660, 779, 780].map((moment) => indexAt(data, moment))).toEqual([
    null,
    0,
    0,
    1,
    2,
    null,
  ]);
  expect(indexAt({ ...data, times: [] }, 600)).toBeNull();
});

it("a time axis of some days is labelled with days, a shorter one with times", () => {
  const moment = new Date(2026, 1, 3, 14, 5).getTime() / 1000;
  expect(timeLabels([moment], 3600, "en-GB")).toEqual(["14:05"]);
  expect(timeLabels([moment], 7 * 86_400, "en-GB")).toEqual(["3 Feb"]);
});
