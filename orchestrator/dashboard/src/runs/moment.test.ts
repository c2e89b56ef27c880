import { expect, it } from "vitest";
import { fieldOf, momentOf } from "./moment";

it("a moment stays the same on its way through a field", () => {
  for (const moment of ["2026-02-01T12:00:00.000Z", "2026-07-01T23:59:00.000Z"]) {
    expect(momentOf(fieldOf(moment))).toBe(moment);
  }
  expect(fieldOf("2026-02-01T12:00:59.000Z")).toHaveLength(16);
});

it("nothing, and what is no moment, is nothing", () => {
  expect([fieldOf(""), fieldOf("soon"), momentOf(""), momentOf("2026-13-40T99:99")]).toEqual([
    "",
    "",
    "",
    "",
  ]);
});
