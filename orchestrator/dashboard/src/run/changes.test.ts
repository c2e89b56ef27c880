import { expect, it } from "vitest";
import { changed, isStoreKey, rerunOf } from "./changes";

it("what begins anew is named by its state or its node, and the root by nothing", () => {
  const inputs = new Map([["x", ""]]);
  expect(rerunOf({ at: "root" }, inputs, new Map([["k", "v"]]))).toEqual({
    inputs: { x: "" },
    store: { k: "v" },
  });
  expect(rerunOf({ at: "state", id: "0-s" }, inputs, new Map())).toEqual({
    state_id: "0-s",
    inputs: { x: "" },
    store: {},
  });
  expect(rerunOf({ at: "node", identifier: "work" }, new Map(), new Map())).toEqual({
    identifier: "work",
    inputs: {},
    store: {},
  });
});

it("a change is taken back by null, and an empty text is a change", () => {
  const once = changed(new Map(), "x", "");
  expect([...once]).toEqual([["x", ""]]);
  expect([...changed(once, "x", null)]).toEqual([]);
  expect([...once]).toHaveLength(1);
});

it("a key of the store has no dot and does not begin with a dash", () => {
  expect(["a", "_a-1", "0"].map(isStoreKey)).toEqual([true, true, true]);
  expect(["", "a.b", "-a", "a b", "x".repeat(129)].map(isStoreKey)).toEqual([
    false,
    false,
    false,
    false,
    false,
  ]);
});
