import { expect, it } from "vitest";
import { filterOf, narrows, queryOf, searchOf } from "./filter";

const NOW = Date.parse("2026-02-01T12:00:00Z");
const filter = (search: string) => filterOf(new URLSearchParams(search));

it("a filter stands in the address, and is read from it as it was", () => {
  const given = "graph=etl&status=PENDING&status=FAILED&within=1h";
  expect(searchOf(filter(given)).toString()).toBe(given);
  const times = filter("after=2026-02-01T10:00:00Z&before=2026-02-01T11:00%2B00:00");
  expect(filterOf(searchOf(times))).toEqual(times);
  expect(times.before).toBe("2026-02-01T11:00:00.000Z");
});

it("what makes no sense in an address is left out", () => {
  const found = filter("status=GONE&within=3y&after=yesterday&page=4");
  expect(narrows(found)).toBe(false);
  expect(queryOf(found, NOW)).toEqual({});
});

it("the API is asked for the time back from now, or from a moment to another", () => {
  expect(queryOf(filter("within=1h&graph=etl&status=FAILED"), NOW)).toEqual({
    graph_name: "etl",
    status: ["FAILED"],
    created_after: "2026-02-01T11:00:00.000Z",
  });
  expect(queryOf(filter("after=2026-01-01T00:00:00Z&before=2026-01-02T00:00:00Z"), NOW)).toEqual({
    created_after: "2026-01-01T00:00:00.000Z",
    created_before: "2026-01-02T00:00:00.000Z",
  });
});
