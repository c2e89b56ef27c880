import { describe, expect, it } from "vitest";
import { moved, offset, placeOf, ticksOf, zoomed } from "./axis";

const WHOLE = { from: 1000, to: 11_000 };

describe("the time in sight", () => {
  it("grows and shrinks about a moment that stays where it is", () => {
    const near = zoomed(WHOLE, 0.5, 3000, WHOLE);
    expect(near).toEqual({ from: 2000, to: 7000 });
    expect(placeOf(3000, near)).toBe(placeOf(3000, WHOLE));
    expect(zoomed(near, 2, 3000, WHOLE)).toEqual(WHOLE);
  });

  it("never leaves the run, and never becomes nothing", () => {
    expect(zoomed(WHOLE, 4, 3000, WHOLE)).toEqual(WHOLE);
    expect(zoomed({ from: 1000, to: 2000 }, 4, 1100, WHOLE)).toEqual({ from: 1000, to: 5000 });
    const least = zoomed(WHOLE, 1e-9, 3000, WHOLE);
    expect(least.to - least.from).toBeCloseTo(5);
    const none = { from: 7, to: 7 };
    expect(zoomed(none, 0.5, 7, none)).toEqual(none);
  });

  it("moves along the run, up to its ends", () => {
    const shown = { from: 2000, to: 4000 };
    expect(moved(shown, 0.5, WHOLE)).toEqual({ from: 3000, to: 5000 });
    expect(moved(shown, -5, WHOLE)).toEqual({ from: 1000, to: 3000 });
    expect(moved(shown, 50, WHOLE)).toEqual({ from: 9000, to: 11_000 });
  });
});

describe("ticks", () => {
  const labels = (long: number, most = 8) =>
    ticksOf({ from: 500, to: 500 + long }, 500, most).map((tick) => tick.label);

  it("are even, and no more than there is room for", () => {
    expect(labels(40)).toEqual([
      "0 ms",
      "5 ms",
      "10 ms",
      "15 ms",
      "20 ms",
      "25 ms",
      "30 ms",
      "35 ms",
      "40 ms",
    ]);
    expect(labels(9000)).toEqual(["0 s", "2 s", "4 s", "6 s", "8 s"]);
    expect(labels(200_000)).toEqual(["0 s", "30 s", "1 min", "1 min 30 s", "2 min", "2 min 30 s", "3 min"]);
    expect(labels(40 * 86_400_000).length).toBeLessThanOrEqual(9);
    expect(labels(4000 * 86_400_000).length).toBeLessThanOrEqual(9);
  });

  it("are counted from the beginning of the run, wherever one looks", () => {
    expect(ticksOf({ from: 1620, to: 1710 }, 500, 5)).toEqual([
      { at: 1620, label: "1.12 s" },
      { at: 1640, label: "1.14 s" },
      { at: 1660, label: "1.16 s" },
      { at: 1680, label: "1.18 s" },
      { at: 1700, label: "1.20 s" },
    ]);
  });

  it("say no more than one can tell apart", () => {
    expect(offset(3_723_500, 500)).toBe("1 h 2 min 3.5 s");
    expect(offset(3_720_000, 60_000)).toBe("1 h 2 min");
    expect(offset(86_400_000, 43_200_000)).toBe("1 d");
  });
});
