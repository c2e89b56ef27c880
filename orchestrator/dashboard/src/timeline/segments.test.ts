import { describe, expect, it } from "vitest";
import { beganAt, segmentsOf, spentOn, type Timed } from "./segments";

const ZERO = Date.parse("2026-01-01T00:00:00.000Z");
const at = (ms: number) => new Date(ZERO + ms).toISOString();
const NOW = ZERO + 10_000;

function state(given: Partial<Timed>, created = 0, updated = created): Timed {
  return { status: "SUCCESS", created_at: at(created), updated_at: at(updated), ...given };
}

/** Pieces as text: kind, from, to in ms from the beginning. */
function pieces(of: Timed, retries = false, byHand = false): string[] {
  return segmentsOf(of, { retries, byHand }, NOW).map(
    (one) => `${one.kind} ${one.from - ZERO}-${one.to - ZERO}`,
  );
}

describe("a state that has ended", () => {
  it("waited until it began and ran until it ended", () => {
    expect(pieces(state({ ran_ms: 300 }, 100, 1000))).toEqual(["waiting 100-700", "running 700-1000"]);
    expect(pieces(state({ ran_ms: 300, status: "ERRORED" }, 100, 1000), true)).toEqual([
      "delay 100-700",
      "running 700-1000",
    ]);
  });

  it("began at its creation when it ran for all of its time, whatever the clocks of machines differ by", () => {
    expect(pieces(state({ ran_ms: 950 }, 100, 1000))).toEqual(["running 100-1000"]);
    expect(beganAt(state({ ran_ms: 950 }, 100, 1000), false)).toBe(ZERO + 100);
  });

  it("does not say how long it ran when nobody told, and was never run when it was cancelled so", () => {
    expect(pieces(state({ ran_ms: null }, 100, 1000))).toEqual(["untold 100-1000"]);
    expect(pieces(state({ status: "CANCELLED" }, 100, 1000))).toEqual(["waiting 100-1000"]);
    expect(beganAt(state({ ran_ms: null }, 100, 1000), false)).toBeNull();
  });

  it("and was retried by hand does not tell when it ended", () => {
    expect(pieces(state({ ran_ms: 300, status: "RETRY_CREATED" }, 100, 9000), false, true)).toEqual([
      "untold 100-9000",
    ]);
  });

  it("is there although it took no time", () => {
    expect(pieces(state({ ran_ms: 0 }, 100, 100))).toEqual(["running 100-100"]);
    expect(pieces(state({ ran_ms: 0 }, 100, 130))).toEqual(["waiting 100-130", "running 130-130"]);
  });
});

describe("a state that goes on", () => {
  it("waits in its queue since it was created", () => {
    expect(pieces(state({ status: "CREATED" }, 100))).toEqual(["waiting 100-10000"]);
  });

  it("is delayed until its retry is due, and then in its queue", () => {
    expect(pieces(state({ status: "CREATED", due_at: at(60_000) }, 100), true)).toEqual(["delay 100-10000"]);
    expect(pieces(state({ status: "CREATED", due_at: at(400) }, 100), true)).toEqual([
      "delay 100-400",
      "waiting 400-10000",
    ]);
    expect(pieces(state({ status: "CREATED" }, 100, 500), true)).toEqual([
      "delay 100-500",
      "waiting 500-10000",
    ]);
  });

  it("has been taken by a runtime, and tells since when only at its end", () => {
    expect(pieces(state({ status: "QUEUED" }, 100))).toEqual(["untold 100-10000"]);
  });

  it("never ends before it began, on a browser whose clock is late", () => {
    expect(pieces(state({ status: "CREATED" }, 20_000))).toEqual(["waiting 20000-20000"]);
  });
});

it("times are added up by what they were spent on", () => {
  const first = segmentsOf(state({ ran_ms: 300 }, 0, 1000), { retries: false, byHand: false }, NOW);
  const retry = segmentsOf(state({ ran_ms: 50 }, 1000, 1500), { retries: true, byHand: false }, NOW);
  expect(spentOn([...first, ...retry])).toEqual({
    waiting: 700,
    running: 350,
    delay: 450,
    untold: 0,
  });
});
