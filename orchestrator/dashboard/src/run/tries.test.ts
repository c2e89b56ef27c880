import { expect, it } from "vitest";
import type { StateSummary } from "../api/types";
import { triesAround } from "./tries";

function retried(id: string, by: string): StateSummary {
  return {
    id,
    identifier: "work",
    node_name: "Work",
    status: "RETRY_CREATED",
    error: "no",
    retry_count: 0,
    attempt: 1,
    created_at: "",
    updated_at: "",
    retried_by: by,
  };
}

const ALL = [retried("b", "c"), retried("x", "y"), retried("a", "b")];
const ids = (id: string, states = ALL) => triesAround(states, id).map((one) => one.id);

it("a state has its tries before and after it, wherever one looks", () => {
  for (const id of ["a", "b", "c"]) expect(ids(id)).toEqual(["a", "b", "c"]);
  expect(triesAround(ALL, "c").map((one) => one.state?.error)).toEqual(["no", "no", undefined]);
});

it("a state that retries none and is not retried is alone", () => {
  expect(ids("z")).toEqual(["z"]);
});

it("a circle, which no record should hold, ends", () => {
  expect(ids("a", [retried("a", "b"), retried("b", "a")])).toEqual(["b", "a"]);
});
