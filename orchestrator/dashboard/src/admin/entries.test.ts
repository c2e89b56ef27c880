import { expect, it } from "vitest";
import type { AuditEntry } from "../api/types";
import { isBad, matching } from "./entries";

const entry = (id: string, what: Partial<AuditEntry>): AuditEntry => ({
  id,
  time: "2026-02-01T12:00:00Z",
  key_id: "root",
  call: "cancel_run",
  namespace: "ns",
  things: {},
  address: "127.0.0.1",
  status: 200,
  request_id: "r",
  left_out: 0,
  ...what,
});

const entries = [
  entry("3", { things: { run_id: "0-abc" } }),
  entry("2", { key_id: "1f0c", status: 403, call: "create_key" }),
  entry("1", { address: "10.0.0.7" }),
];

it("a text is looked for in every field of an entry", () => {
  const ids = (text: string) => matching(entries, text).map((one) => one.id);
  expect(ids("0-ABC")).toEqual(["3"]);
  expect(ids("run_id")).toEqual(["3"]);
  expect(ids("403")).toEqual(["2"]);
  expect(ids("create key")).toEqual(["2"]);
  expect(ids("cancel")).toEqual(["3", "1"]);
  expect(ids(" 10.0. ")).toEqual(["1"]);
  expect(ids("")).toHaveLength(3);
  expect(ids("nobody")).toEqual([]);
});

it("what was refused is marked", () => {
  expect(entries.map(isBad)).toEqual([false, true, false]);
});
