import { expect, it } from "vitest";
import type { NodeFigures, Queue, RegisteredNode, Runtime } from "../api/types";
import { matching, nodeRows, sorted } from "./rows";

const node = (name: string, secrets: string[] = []): RegisteredNode => ({
  name,
  inputs_schema: {},
  outputs_schema: {},
  secrets,
  runtime_name: "rt",
  created_at: "",
  updated_at: "",
});

const queue = (node_name: string, depth: number): Queue => ({
  node_name,
  depth,
  running: 0,
  oldest_age_ms: null,
  paused: false,
  consumers: 1,
});

const figures = (node_name: string, succeeded: number, retried: number): NodeFigures => ({
  node_name,
  succeeded,
  errored: 0,
  retried,
  pruned: 0,
  ran_p50_ms: 10,
  ran_p95_ms: succeeded,
});

const runtime = (id: string, nodes: string[], alive = true): Runtime => ({
  id,
  runtime_name: `the ${id}`,
  version: "1.0.0",
  alive,
  registered_at: null,
  last_seen_ms: 5,
  nodes,
  running: 0,
});

const rows = nodeRows({
  nodes: [node("Work", ["api_key"]), node("Begin")],
  queues: [queue("Work", 4), queue("Old", 2), queue("Idle", 0)],
  figures: [figures("Work", 90, 10), figures("Gone", 5, 5), figures("Still", 0, 0)],
  runtimes: [runtime("one", ["Work", "Begin"]), runtime("two", ["Work"]), runtime("dead", ["Begin"], false)],
});

it("a node is told with its queue, its figures and the runtimes that are alive", () => {
  const work = rows.find((row) => row.name === "Work");
  expect(work?.queue?.depth).toBe(4);
  expect(work?.figures?.succeeded).toBe(90);
  expect(work?.runtimes.map((one) => one.id)).toEqual(["one", "two"]);
  expect(rows.find((row) => row.name === "Begin")?.runtimes.map((one) => one.id)).toEqual(["one"]);
});

it("one that is not registered is told while states of it wait or have ended, and not else", () => {
  expect(rows.map((row) => row.name)).toEqual(["Begin", "Gone", "Old", "Work"]);
  expect(rows.find((row) => row.name === "Old")?.registered).toBeNull();
});

it("the largest stands first, what is not known last", () => {
  expect(sorted(rows, "failed").map((row) => row.name)).toEqual(["Gone", "Work", "Begin", "Old"]);
  expect(sorted(rows, "waiting").map((row) => row.name)).toEqual(["Work", "Old", "Begin", "Gone"]);
  expect(sorted(rows, "name")).toEqual(rows);
});

it("a search finds names, secrets and runtimes", () => {
  expect(matching(rows, "WORK").map((row) => row.name)).toEqual(["Work"]);
  expect(matching(rows, "api_").map((row) => row.name)).toEqual(["Work"]);
  expect(matching(rows, "the one").map((row) => row.name)).toEqual(["Begin", "Work"]);
  expect(matching(rows, " ")).toHaveLength(4);
});
