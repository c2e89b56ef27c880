import { expect, it } from "vitest";
import { everyPage } from "./everyPage";

const numbers = async (cursor: string | undefined) => {
  const from = Number(cursor ?? 0);
  return { items: [from, from + 1], next: from < 6 ? `${from + 2}` : null };
};

it("a list is read to its end, or as far as is allowed", async () => {
  expect(await everyPage(numbers, 10)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(await everyPage(numbers, 2)).toEqual([0, 1, 2, 3]);
});
