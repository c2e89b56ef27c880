import { expect, it } from "vitest";
import type { StateSummary } from "../api/types";
import { NOTHING } from "../run/classes";
import { chainsOf } from "./chains";
import { lanesOf, rowsOf } from "./lanes";

const ZERO = Date.parse("2026-01-01T00:00:00.000Z");
const moment = (ms: number) => new Date(ZERO + ms).toISOString();

function state(id: string, identifier: string, created: number, ended: number, ran: number): StateSummary {
  return {
    id,
    identifier,
    node_name: identifier,
    status: "SUCCESS",
    error: null,
    retry_count: 0,
    attempt: 1,
    created_at: moment(created),
    updated_at: moment(ended),
    ran_ms: ran,
  };
}

const FAN = Array.from({ length: 20 }, (_, index) => state(`w${index}`, "work", 100, 300 + index, 50));
const LANES = lanesOf(chainsOf([state("b", "begin", 0, 100, 80), ...FAN]), ZERO + 900);

/** Rows as text. */
function rows(chosen: [string, boolean][], total = 0): string[] {
  return rowsOf(LANES, ["begin", "work"], new Map(chosen), () => ({ ...NOTHING, total })).map((row) => {
    if (row.kind === "lane") return `${row.lane.identifier} ${row.open ? "open" : "closed"}`;
    return row.kind === "chain" ? row.chain.id : `${row.count} more of ${row.identifier}`;
  });
}

it("a lane lasts from the first creation to the last end, and runs from the first beginning", () => {
  expect(LANES.map((lane) => lane.segments.map((one) => [one.kind, one.from - ZERO, one.to - ZERO]))).toEqual(
    [
      [
        ["waiting", 0, 20],
        ["running", 20, 100],
      ],
      [
        ["waiting", 100, 250],
        ["running", 250, 319],
      ],
    ],
  );
});

it("a node with one state is one row, a lane of few states is open and one of many is closed", () => {
  expect(rows([])).toEqual(["b", "work closed"]);
  expect(rows([["work", true]]).slice(0, 4)).toEqual(["b", "work open", "w0", "w1"]);
  const few = lanesOf(chainsOf(FAN.slice(0, 3)), ZERO + 900);
  expect(rowsOf(few, ["work"], new Map(), () => NOTHING)).toHaveLength(4);
  expect(rowsOf(few, ["work"], new Map([["work", false]]), () => NOTHING)).toHaveLength(1);
});

it("an open lane says how many of its states were not read", () => {
  expect(rows([["work", true]], 10_000).at(-1)).toBe("9980 more of work");
  expect(rows([], 10_000).slice(0, 3)).toEqual(["begin open", "b", "9999 more of begin"]);
});

it("a node of which nothing was read is told by how many states it has", () => {
  const counts = (identifier: string) => ({ ...NOTHING, total: identifier === "end" ? 7 : 0 });
  expect(rowsOf([], ["begin", "end"], new Map(), counts)).toEqual([
    { kind: "rest", identifier: "end", count: 7 },
  ]);
});
