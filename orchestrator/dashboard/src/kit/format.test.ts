import { describe, expect, it } from "vitest";
import { ago, bytes, duration, number, percent, rate, short } from "./format";
import { headline } from "./headline";

describe("times", () => {
  it("are written in their two largest units", () => {
    expect([0, 15, 1500, 12_400, 75_000, 3_600_000, 93_600_000, -5].map(duration)).toEqual([
      "0 ms",
      "15 ms",
      "1.5 s",
      "12 s",
      "1 min 15 s",
      "1 h",
      "1 d 2 h",
      "0 ms",
    ]);
  });

  it("are so long ago, or come so soon, in one unit", () => {
    const now = 10_000_000_000;
    expect([300, 7000, 7900, 65_000, 7_300_000, -4000, -90_000].map((ms) => ago(now - ms, now))).toEqual([
      "now",
      "7 s ago",
      "7 s ago",
      "1 min ago",
      "2 h ago",
      "in 4 s",
      "in 1 min",
    ]);
  });
});

it("an id is cut where it is long, and a number has its thousands apart", () => {
  expect(short("0-abc")).toBe("0-abc");
  expect(short("dde3c41e-e0b3-4821-a2c7-16d83e900000")).toBe("dde3c41e-e0b3…");
  expect([0, 999, 1000, 1_000_000, -12_345, 1234.5678].map(number)).toEqual([
    "0",
    "999",
    "1,000",
    "1,000,000",
    "-12,345",
    "1,234.5678",
  ]);
});

it("the line of an error that says most is the first, or the last of a traceback", () => {
  expect(headline("ValueError: no\n  File x, line 3\n    raise")).toBe("ValueError: no");
  expect(headline("Traceback (most recent call last):\n  File x\nKeyError: 'a'\n")).toBe("KeyError: 'a'");
  expect(headline(null)).toBe("");
});

it("a part is told in percent, a small one as what it is", () => {
  expect([0, 0.0004, 0.0123, 0.5, 0.9996, 1].map(percent)).toEqual([
    "0%",
    "< 0.1%",
    "1.2%",
    "50%",
    "100%",
    "100%",
  ]);
});

it("how many a second is told in three digits, or whole", () => {
  expect([0, 0.0166, 2.345, 99.94, 1234.5].map(rate)).toEqual(["0", "0.0166", "2.35", "99.9", "1,235"]);
});

it("a size is told in the largest unit that it fills", () => {
  expect([0, 1023, 1536, 67_108_864].map(bytes)).toEqual(["0 bytes", "1,023 bytes", "1.5 KiB", "64 MiB"]);
});
