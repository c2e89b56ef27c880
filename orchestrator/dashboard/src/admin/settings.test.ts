import { expect, it } from "vitest";
import type { Setting } from "../api/types";
import { inWords, isSet, matching } from "./settings";

const settings: Setting[] = [
  { name: "EXOSPHERE_SHARDS", value: "8", default: "8", description: "how many shards", secret: false },
  { name: "EXOSPHERE_PORT", value: "9000", default: "8000", description: "where it listens", secret: false },
  { name: "STATE_MANAGER_SECRET", value: "(set)", default: null, description: "the root key", secret: true },
  { name: "EXOSPHERE_LOG_FILE", value: null, default: null, description: "where logs go", secret: false },
];

it("what differs from its default is told from what does not", () => {
  expect(settings.filter(isSet).map((one) => one.name)).toEqual(["EXOSPHERE_PORT", "STATE_MANAGER_SECRET"]);
});

it("a text is looked for in name, value and meaning", () => {
  const found = (text: string) => matching(settings, text).map((one) => one.name);
  expect(found("shard")).toEqual(["EXOSPHERE_SHARDS"]);
  expect(found("9000")).toEqual(["EXOSPHERE_PORT"]);
  expect(found("ROOT KEY")).toEqual(["STATE_MANAGER_SECRET"]);
  expect(found(" ")).toHaveLength(4);
});

it("a time and a size are told in words, too", () => {
  const told = (name: string, value: string | null) =>
    inWords({ name, value, default: null, description: "", secret: false });
  expect(told("EXOSPHERE_RETENTION_MS", "2592000000")).toBe("30 d");
  expect(told("EXOSPHERE_MAX_BODY_BYTES", "16777216")).toBe("16 MiB");
  expect([told("EXOSPHERE_PORT", "8000"), told("EXOSPHERE_LEASE_MS", null), told("X_MS", "0")]).toEqual([
    "",
    "",
    "",
  ]);
});
