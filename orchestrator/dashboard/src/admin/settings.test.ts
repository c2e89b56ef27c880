import { expect, it } from "vitest";
import type { Setting } from "../api/types";
import { isSet, matching } from "./settings";

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
