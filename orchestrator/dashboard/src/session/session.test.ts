import { expect, it } from "vitest";
import { chooseNamespace } from "../shell/chooseNamespace";
import { may } from "./roles";

it("a role is offered what it may do, and no more", () => {
  expect(["read", "steer", "write", "administer"].filter((duty) => may("operator", duty as "read"))).toEqual([
    "read",
    "steer",
  ]);
  expect(may("viewer", "steer")).toBe(false);
  expect(may("runtime", "read")).toBe(false);
  expect(may("admin", "administer")).toBe(true);
});

it("one begins in the namespace of the key, else where one was last, else where something is", () => {
  expect(chooseNamespace(["a", "b"], "mine", "b")).toBe("mine");
  expect(chooseNamespace(["a", "b"], "*", "b")).toBe("b");
  expect(chooseNamespace(["a", "default"], "*", "gone")).toBe("default");
  expect(chooseNamespace(["a"], "*", null)).toBe("a");
  expect(chooseNamespace([], "*", null)).toBe("default");
});
