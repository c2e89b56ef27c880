import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { rested } from "./rested";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("the first is done at once, a crowd that follows once after the rest", async () => {
  const act = vi.fn(async () => undefined);
  const one = rested(act, 1000);
  for (let asked = 0; asked < 50; asked += 1) one.ask();
  expect(act).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(999);
  one.ask();
  expect(act).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(act).toHaveBeenCalledTimes(2);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(act).toHaveBeenCalledTimes(2);
});

it("what takes long is not begun again while it lasts, and rests longer", async () => {
  const act = vi.fn(() => new Promise((resolve) => setTimeout(resolve, 2000)));
  const one = rested(act, 1000);
  one.ask();
  one.ask();
  await vi.advanceTimersByTimeAsync(9900);
  expect(act).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(200);
  expect(act).toHaveBeenCalledTimes(2);
});

it("one that failed is done again when asked for, and none after the stop", async () => {
  const act = vi.fn(async () => {
    throw new Error("no");
  });
  const one = rested(act, 1000);
  one.ask();
  one.ask();
  await vi.advanceTimersByTimeAsync(1000);
  expect(act).toHaveBeenCalledTimes(2);
  one.ask();
  one.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(act).toHaveBeenCalledTimes(2);
});
