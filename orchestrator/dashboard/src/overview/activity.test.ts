import { describe, expect, it } from "vitest";
import type { RunSummary, StateSummary } from "../api/types";
import { buckets, grouped } from "./activity";

const NOW = Date.parse("2026-02-01T12:34:00Z");

function run(minutesAgo: number, status: string): RunSummary {
  return {
    run_id: `0-${minutesAgo}`,
    graph_name: "g",
    success_count: 0,
    pending_count: 0,
    errored_count: 0,
    retried_count: 0,
    cancelled_count: 0,
    total_count: 1,
    status,
    created_at: new Date(NOW - minutesAgo * 60_000).toISOString(),
  };
}

function failed(id: string, error: string | null, identifier = "a", at = "2026-02-01T12:00:00Z") {
  const state: StateSummary = {
    id,
    node_name: "A",
    identifier,
    status: "ERRORED",
    attempt: 1,
    retry_count: 0,
    error,
    created_at: at,
    updated_at: at,
  };
  return { runId: `run-of-${id}`, state };
}

const HOUR = 3_600_000;

describe("runs over time", () => {
  it("are counted once each, by status, in spans that end now", () => {
    const runs = [run(0, "PENDING"), run(1, "SUCCESS"), run(1, "FAILED"), run(40, "SUCCESS")];
    const found = buckets(runs, NOW - 45 * 60_000, NOW);
    expect(found.span).toBe(60_000);
    expect(found.buckets).toHaveLength(46);
    expect(found.buckets.at(-1)?.counts.PENDING).toBe(1);
    expect(found.buckets.at(-2)?.counts).toEqual({ SUCCESS: 1, PENDING: 0, FAILED: 1, CANCELLED: 0 });
    expect(found.buckets[5]?.counts.SUCCESS).toBe(1);
  });

  it("of a day are counted in half hours, of some seconds in seconds", () => {
    expect(buckets([], NOW - 24 * HOUR, NOW).span).toBe(HOUR / 2);
    expect(buckets([], NOW - 40_000, NOW).span).toBe(1000);
    for (const ago of [1, 50, 3600, 86_400, 86_400 * 30]) {
      expect(buckets([], NOW - ago * 1000, NOW).buckets.length).toBeLessThanOrEqual(60);
    }
  });

  it("that began before the first span are left out, and none is lost to a clock that is behind", () => {
    const found = buckets([run(61, "SUCCESS"), run(-1, "FAILED")], NOW - HOUR / 2, NOW);
    expect(found.buckets.at(-1)?.counts.FAILED).toBe(1);
    expect(found.buckets.some((bucket) => bucket.counts.SUCCESS > 0)).toBe(false);
  });
});

describe("failures", () => {
  it("of one kind are one line, whatever numbers and ids stand in them", () => {
    const found = grouped([
      failed("1", "Traceback (most recent call last):\n  File x\nValueError: row 17 of 0xdeadbeef"),
      failed("2", "ValueError: row 18 of 0xcafe0000\n  File x", "b", "2026-02-01T12:05:00Z"),
      failed("3", null),
    ]);
    expect(found.map((group) => [group.text, group.count])).toEqual([
      ["ValueError: row 18 of 0xcafe0000", 2],
      ["no error text", 1],
    ]);
    expect(found[0]).toMatchObject({ stateId: "2", runId: "run-of-2", identifiers: ["a", "b"] });
  });
});
