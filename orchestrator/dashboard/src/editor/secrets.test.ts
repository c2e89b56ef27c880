import { expect, it } from "vitest";
import { drop, give, isName, missingOf, NO_SECRETS, namesOf } from "./secrets";

const BEFORE = ["token", "password"];

it("no secret of the version before is lost silently: each is given anew, or dropped by name", () => {
  expect(missingOf(BEFORE, NO_SECRETS)).toEqual(["token", "password"]);
  const once = give(NO_SECRETS, "token", "t");
  expect(missingOf(BEFORE, once)).toEqual(["password"]);
  const both = drop(once, "password");
  expect(missingOf(BEFORE, both)).toEqual([]);
  expect(namesOf(BEFORE, both)).toEqual(["token"]);
});

it("one that was dropped may be given after all, and one that is added needs a value", () => {
  const back = give(drop(NO_SECRETS, "token"), "token", "");
  expect(namesOf(BEFORE, back)).toEqual(["token", "password"]);
  expect(missingOf([], give(NO_SECRETS, "new", ""))).toEqual(["new"]);
  expect(namesOf([], drop(give(NO_SECRETS, "new", "x"), "new"))).toEqual([]);
});

it("a name is one that the state manager takes", () => {
  expect(["a", "a.b-c_1"].map(isName)).toEqual([true, true]);
  expect(["", ".a", "-a", "a b", "é"].map(isName)).toEqual([false, false, false, false, false]);
});
