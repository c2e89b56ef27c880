import { expect, it } from "vitest";
import type { Figures } from "../api/types";
import { failureRate, ratesOf } from "./figures";

const nothing = { succeeded: 0, errored: 0, retried: 0, pruned: 0 };

const figures: Figures = {
  namespace: "ns",
  now: "2026-02-01T12:02:15Z",
  minutes: [
    { ...nothing, at: "2026-02-01T12:00:00Z" },
    { at: "2026-02-01T12:01:00Z", succeeded: 540, errored: 30, retried: 90, pruned: 60 },
    { at: "2026-02-01T12:02:00Z", succeeded: 150, errored: 0, retried: 15, pruned: 0 },
  ],
  nodes: [],
};

it("attempts a second are told minute by minute, the last one by what of it has passed", () => {
  expect(ratesOf(figures)).toEqual({
    times: [1769947200, 1769947260, 1769947320],
    succeeded: [0, 10, 10],
    failed: [0, 2, 1],
  });
});

it("a minute that has just begun is no reason for a division by nothing", () => {
  const begun = { ...figures, now: "2026-02-01T12:02:00Z" };
  expect(ratesOf(begun).succeeded.at(-1)).toBe(150);
});

it("what was tried again has failed, too; where nothing ended there is no rate", () => {
  expect(failureRate({ succeeded: 6, errored: 1, retried: 2, pruned: 1 })).toBe(0.3);
  expect(failureRate(nothing)).toBeNull();
});
