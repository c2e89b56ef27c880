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

describe("runs over time", () => {
  it("are counted once each, by status, in spans that end now", () => {
    const found = buckets([run(0, "PENDING"), run(1, "SUCCESS"), run(1, "FAILED"), run(40, "SUCCESS")], NOW);
    expect(found.span).toBe(60_000);
    expect(found.buckets).toHaveLength(41);
    expect(found.buckets.at(-1)?.counts.PENDING).toBe(1);
    expect(found.buckets.at(-2)?.counts).toEqual({ SUCCESS: 1, PENDING: 0, FAILED: 1, CANCELLED: 0 });
    expect(found.buckets[0]?.counts.SUCCESS).toBe(1);
  });

  it("of a long time are counted in longer spans", () => {
    const found = buckets([run(0, "SUCCESS"), run(60 * 24 * 3, "SUCCESS")], NOW);
    expect(found.buckets.length).toBeLessThanOrEqual(48);
    const all = found.buckets.reduce((sum, bucket) => sum + bucket.counts.SUCCESS, 0);
    expect(all).toBe(2);
  });

  it("of a moment ago stand at the end of a picture of some time", () => {
    const found = buckets([run(0, "SUCCESS")], NOW);
    expect(found.buckets).toHaveLength(24);
    expect(found.buckets.at(-1)?.counts.SUCCESS).toBe(1);
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
