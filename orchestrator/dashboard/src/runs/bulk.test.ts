import { expect, it } from "vitest";
import { ApiError } from "../api/errors";
import { type BulkResult, forEachRun } from "./bulk";

const ids = (count: number) => Array.from({ length: count }, (_, index) => `run-${index}`);

function options() {
  const pauses: number[] = [];
  const progress: BulkResult[] = [];
  const given = new AbortController();
  return {
    pauses,
    progress,
    given,
    signal: given.signal,
    pause: async (ms: number) => void pauses.push(ms),
    onProgress: (result: BulkResult) => void progress.push(result),
  };
}

it("every run is dealt with, a few at a time, and what was refused is told with its reason", async () => {
  const how = options();
  let under = 0;
  let most = 0;
  const result = await forEachRun(
    ids(30),
    async (id) => {
      under += 1;
      most = Math.max(most, under);
      await Promise.resolve();
      under -= 1;
      if (id === "run-7") throw new ApiError(409, "it has ended");
    },
    how,
  );
  expect(result).toEqual({ done: 29, refused: new Map([["run-7", "it has ended"]]) });
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(4);
  expect(how.progress).toHaveLength(30);
});

it("who makes too many calls waits as long as the answer says, and makes it again", async () => {
  const how = options();
  let calls = 0;
  const result = await forEachRun(
    ["run"],
    async () => {
      calls += 1;
      if (calls < 3) throw new ApiError(429, "too many", [], "", 700);
    },
    how,
  );
  expect(result.done).toBe(1);
  expect(how.pauses).toEqual([700, 700]);
});

it("after a stop no further run is begun", async () => {
  const how = options();
  const acted: string[] = [];
  const result = await forEachRun(
    ids(100),
    async (id) => {
      acted.push(id);
      if (acted.length === 8) how.given.abort();
    },
    how,
  );
  expect(acted.length).toBeLessThan(16);
  expect(result.done).toBe(acted.length);
});
