import { expect, it } from "vitest";
import { movedBy } from "./useKeptPlace";

it("the row that is looked at stays in its place, whatever comes and goes above it", () => {
  expect(movedBy(["a", "b", "c"], "c", 2)).toBe(0);
  expect(movedBy(["x", "y", "a", "b", "c"], "c", 2)).toBe(2);
  expect(movedBy(["b", "c"], "c", 2)).toBe(-1);
});

it("where it is gone, or there was none, nothing moves", () => {
  expect(movedBy(["a", "b"], "c", 2)).toBe(0);
  expect(movedBy(["a"], undefined, 4)).toBe(0);
});
