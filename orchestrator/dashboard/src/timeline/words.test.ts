import { expect, it } from "vitest";
import type { StateSummary } from "../api/types";
import { attemptsOf, chainsOf } from "./chains";
import { lanesOf } from "./lanes";
import { attemptWords, chainWords, laneWords, spentWords } from "./words";

const ZERO = Date.parse("2026-01-01T08:00:00.000Z");

function state(id: string, created: number, ended: number, given: Partial<StateSummary> = {}): StateSummary {
  return {
    id,
    identifier: "work",
    node_name: "Work",
    status: "SUCCESS",
    error: null,
    retry_count: 0,
    attempt: 1,
    created_at: new Date(ZERO + created).toISOString(),
    updated_at: new Date(ZERO + ended).toISOString(),
    ran_ms: 300,
    ...given,
  };
}

const CHAINS = chainsOf([
  state("a", 0, 500, { status: "RETRY_CREATED", retried_by: "b" }),
  state("b", 500, 2800, { retry_count: 1 }),
]);

it("a chain is told with its tries, what its time went to, and when that was", () => {
  const [chain] = CHAINS;
  expect(chain && chainWords(chain, ZERO)).toBe(
    "work b · success · 2 tries · delayed 2.0 s, waited 200 ms, ran 600 ms · 08:00:00.000 to 08:00:02.800 UTC",
  );
  expect(chain && attemptsOf(chain, ZERO).map(attemptWords)).toEqual([
    "a retry created: waited 200 ms, ran 300 ms",
    "b success: delayed 2.0 s, ran 300 ms",
  ]);
  expect(spentWords([])).toBe("took no time");
});

it("a lane says of how many it tells when not all were read", () => {
  const [lane] = lanesOf(CHAINS, ZERO);
  expect(lane && laneWords(lane, 2)).toBe(
    "work · 2 states · within 2.8 s · 08:00:00.000 to 08:00:02.800 UTC",
  );
  expect(lane && laneWords(lane, 9000)).toContain("work · 9,000 states, 2 read · within");
});
