import { describe, expect, it } from "vitest";
import type { FoundRuns, RunSummary } from "../api/types";
import { goesOn, progressOf } from "./look";
import { type RunPages, renewed, rowsOf, told } from "./pages";

const BEGIN = Date.parse("2026-02-01T12:00:00Z");
const at = (second: number) => new Date(BEGIN + second * 1000).toISOString();

/** The run that began in a second. */
function run(second: number, status = "SUCCESS"): RunSummary {
  return {
    run_id: `run-${second}`,
    graph_name: "g",
    success_count: 0,
    pending_count: 0,
    errored_count: 0,
    retried_count: 0,
    cancelled_count: 0,
    total_count: 1,
    status,
    created_at: at(second),
  };
}

/** A page that has looked at every second from the first to the last, and found some of them. */
function page(from: number, to: number, found: number[], end = false): FoundRuns {
  return {
    namespace: "ns",
    count: found.length,
    runs: found.map((second) => run(second)),
    next_cursor: end ? null : `${to}`,
    looked_at_count: from - to + 1,
    reached_at: at(to),
  };
}

const list = (...pages: FoundRuns[]): RunPages => ({
  pages,
  pageParams: pages.map((_, index) => (index ? `after-${index}` : "")),
});

const seconds = (pages: RunPages) => rowsOf(pages.pages).map((one) => Number(one.run_id.slice(4)));

describe("a list that is read anew from its newest run on", () => {
  const before = list(page(10, 8, [10, 9, 8]), page(7, 5, [7, 6, 5]), page(4, 2, [4, 3, 2]));

  it("has what is new at its head, and keeps what is older than what was read", () => {
    const after = renewed(before, page(12, 9, [12, 11, 10, 9]), Number.POSITIVE_INFINITY);
    expect(seconds(after)).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
    expect(after.pageParams).toEqual(["", "", "after-1", "after-2"]);
    expect(progressOf(after.pages, 3).lookedAt).toBeGreaterThanOrEqual(10);
  });

  it("loses what fits no more where it was read, and nowhere else", () => {
    const after = renewed(before, page(10, 6, [10, 6]), 0);
    expect(seconds(after)).toEqual([10, 6, 5, 4, 3, 2]);
  });

  it("goes on from the head where that reaches further back than all that was there", () => {
    const after = renewed(before, page(10, 1, [10, 1]), 0);
    expect(seconds(after)).toEqual([10, 1]);
    expect(after.pages.at(-1)?.next_cursor).toBe("1");
  });

  it("is the head alone where that is all there is", () => {
    expect(seconds(renewed(before, page(12, 12, [12], true), 0))).toEqual([12]);
  });

  it("begins anew where runs may have slipped in between that nobody has read", () => {
    expect(seconds(renewed(before, page(99, 95, [99, 98, 97, 96, 95]), 400))).toEqual([99, 98, 97, 96, 95]);
  });

  it("does not where fewer began than were looked at, even though none in common fits", () => {
    const sparse = list(page(100, 51, [55]), page(50, 1, [3]));
    const after = renewed(sparse, page(103, 61, []), 3);
    expect(seconds(after)).toEqual([55, 3]);
    expect(progressOf(after.pages, 100).lookedAt).toBe(100);
  });
});

it("a status that is told changes its run, and no page besides", () => {
  const before = list(page(10, 9, [10, 9]), page(8, 7, [8, 7]));
  const after = told(before, new Map([["run-7", "FAILED"]]));
  expect(rowsOf(after.pages).map((one) => one.status)).toEqual(["SUCCESS", "SUCCESS", "SUCCESS", "FAILED"]);
  expect(after.pages[0]).toBe(before.pages[0]);
  expect(told(after, new Map([["run-7", "FAILED"]]))).toBe(after);
});

it("the next page is read by itself near the end, until too many runs were looked at in vain", () => {
  expect(goesOn(100, 90, 20, 0, 50_000)).toBe(true);
  expect(goesOn(100, 20, 20, 0, 50_000)).toBe(false);
  expect(goesOn(0, -1, 20, 45_000, 50_000)).toBe(true);
  expect(goesOn(0, -1, 20, 50_000, 50_000)).toBe(false);
  const found = progressOf([page(200, 101, Array(100).fill(150)), page(100, 51, [])], 100);
  expect(found).toEqual({ lookedAt: 150, reachedAt: at(51), inVain: 50 });
});
