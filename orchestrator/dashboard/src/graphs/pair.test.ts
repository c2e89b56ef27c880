import { expect, it } from "vitest";
import { pairOf } from "./pair";

it("an address names two versions, or none", () => {
  expect(pairOf("3..5")).toEqual([3, 5]);
  for (const text of ["", "3", "3..", "0..1", "a..b", "1..2..3", "-1..2"]) expect(pairOf(text)).toBeNull();
});
