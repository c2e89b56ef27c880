import { expect, it } from "vitest";
import type { BulkRetry } from "../api/types";
import { pauseOf } from "./useBulkRetry";

const retry = (status: BulkRetry["status"]): BulkRetry => ({
  id: "b",
  status,
  looked_at_count: 0,
  retried_count: 0,
  refused_count: 0,
  created_at: "",
  finished_at: null,
  count: 0,
  runs: [],
  next_cursor: null,
});

it("a retry that nothing is heard of is looked at less and less often, and no more when it is over", () => {
  expect([1, 2, 3, 4, 50].map((looks) => pauseOf(retry("PENDING"), looks))).toEqual([
    2000, 4000, 8000, 10_000, 10_000,
  ]);
  expect(pauseOf(retry("FINISHED"), 1)).toBe(false);
  expect(pauseOf(undefined, 0)).toBe(false);
});
