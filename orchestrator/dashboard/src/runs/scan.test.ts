import { describe, expect, it } from "vitest";
import type { RunSummary } from "../api/types";
import type { RunFilter } from "./filter";
import { filterOf } from "./filter";
import { gathered, look, type ReadPage } from "./scan";

const NOW = Date.parse("2026-02-01T12:00:00Z");
const ANY: RunFilter = { graph: "", status: "", id: "", since: null };

/** The run that is n minutes old; every tenth has failed. */
function run(n: number): RunSummary {
  return {
    run_id: `0-${n}`,
    graph_name: n % 2 ? "odd" : "even",
    success_count: 0,
    pending_count: 0,
    errored_count: 0,
    retried_count: 0,
    cancelled_count: 0,
    total_count: 0,
    status: n % 10 ? "SUCCESS" : "FAILED",
    created_at: new Date(NOW - n * 60_000).toISOString(),
  };
}

function listOf(total: number): { read: ReadPage; asked: number[][] } {
  const asked: number[][] = [];
  const read: ReadPage = async (page, size) => {
    asked.push([page, size]);
    const from = (page - 1) * size;
    const runs = Array.from({ length: Math.max(0, Math.min(size, total - from)) }, (_, index) =>
      run(from + index),
    );
    return { namespace: "ns", total, page, size, runs };
  };
  return { read, asked };
}

describe("a look at the runs", () => {
  it("without a filter is one page of the API, and the next look goes on after it", async () => {
    const { read, asked } = listOf(120);
    const first = await look(read, ANY, 0);
    expect(first.runs).toHaveLength(50);
    expect(first.next).toBe(50);
    const third = await look(read, ANY, 100);
    expect(third.runs.map((one) => one.run_id)).toContain("0-119");
    expect(third.next).toBeNull();
    expect(asked).toEqual([
      [1, 50],
      [3, 50],
    ]);
  });

  it("with a filter reads on until enough fit", async () => {
    const { read, asked } = listOf(10_000);
    const found = await look(read, { ...ANY, status: "FAILED" }, 0);
    expect(found.runs.every((one) => one.status === "FAILED")).toBe(true);
    expect(found.runs).toHaveLength(50);
    expect(asked).toHaveLength(1);
    expect(found.next).toBe(500);
  });

  it("gives up after a bounded number of runs and says how far it came", async () => {
    const { read, asked } = listOf(1_000_000);
    const found = await look(read, { ...ANY, graph: "nothing" }, 0);
    expect(found).toEqual({ runs: [], total: 1_000_000, lookedAt: 5000, next: 5000 });
    expect(asked).toHaveLength(10);
  });

  it("does not read past the time that is asked for", async () => {
    const { read, asked } = listOf(1_000_000);
    const found = await look(read, filterOf(new URLSearchParams("within=1h"), NOW), 0);
    expect(found.runs).toHaveLength(61);
    expect(found.next).toBeNull();
    expect(asked).toHaveLength(1);
  });

  it("knows a run by the beginning of its id", async () => {
    const found = await look(listOf(400).read, { ...ANY, id: "0-39" }, 0);
    expect(found.runs).toHaveLength(11);
  });
});

it("a run that slipped onto the next page is shown once", () => {
  const one = { total: 3, lookedAt: 2, next: 2 };
  const looks = [
    { ...one, runs: [run(1), run(2)] },
    { ...one, runs: [run(2), run(3)] },
  ];
  expect(gathered(looks).map((found) => found.run_id)).toEqual(["0-1", "0-2", "0-3"]);
});
