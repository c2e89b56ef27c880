import { expect, it } from "vitest";
import type { StateSummary } from "../api/types";
import { attemptsOf, chainsOf, lastOf, spanOf } from "./chains";

const ZERO = Date.parse("2026-01-01T00:00:00.000Z");

function state(id: string, created: number, given: Partial<StateSummary> = {}): StateSummary {
  const moment = (ms: number) => new Date(ZERO + ms).toISOString();
  return {
    id,
    identifier: "work",
    node_name: "Work",
    status: "SUCCESS",
    error: null,
    retry_count: 0,
    attempt: 1,
    created_at: moment(created),
    updated_at: moment(created + 100),
    ran_ms: 60,
    ...given,
  };
}

const STATES = [
  state("a", 0, { status: "RETRY_CREATED", retried_by: "c" }),
  state("b", 10),
  state("c", 100, { status: "RETRY_CREATED", retried_by: "d", retry_count: 1 }),
  state("d", 200, { status: "CREATED", retry_count: 2 }),
];

it("a state and all that retry it are one chain, the others one each", () => {
  const chains = chainsOf(STATES);
  expect(chains.map((chain) => chain.states.map((one) => one.id))).toEqual([["a", "c", "d"], ["b"]]);
  expect(chains.map((chain) => lastOf(chain).id)).toEqual(["d", "b"]);
});

it("a state whose predecessor is not among them begins a chain", () => {
  expect(chainsOf(STATES.slice(2)).map((chain) => chain.id)).toEqual(["c"]);
});

it("what is not the first of a chain was delayed", () => {
  const [chain] = chainsOf(STATES);
  expect(chain && attemptsOf(chain, ZERO + 500).map((one) => one.segments.map(({ kind }) => kind))).toEqual([
    ["waiting", "running"],
    ["delay", "running"],
    ["delay", "waiting"],
  ]);
});

it("what was retried by hand does not tell when it ended, and what retries it so was not delayed", () => {
  const [chain] = chainsOf([
    state("a", 0, { status: "RETRY_CREATED", retried_by: "b" }),
    state("b", 5000, { retry_count: 0 }),
  ]);
  expect(chain && attemptsOf(chain, ZERO).map((one) => one.segments.map(({ kind }) => kind))).toEqual([
    ["untold"],
    ["waiting", "running"],
  ]);
});

it("a chain lasts to the end of its last state, or until now", () => {
  const [retried, plain] = chainsOf(STATES);
  expect(retried && spanOf(retried, ZERO + 900)).toEqual({ from: ZERO, to: ZERO + 900 });
  expect(plain && spanOf(plain, ZERO + 900)).toEqual({ from: ZERO + 10, to: ZERO + 110 });
});
