import { expect, it } from "vitest";
import { bodyOf, EXPIRIES, nameFault, ROLES } from "./newKey";

it("a key is asked for as the form says", () => {
  expect(bodyOf(" gpu-box ", "runtime", "30 days")).toEqual({
    name: "gpu-box",
    role: "runtime",
    expires_in_ms: 2_592_000_000,
  });
  expect(bodyOf("", "viewer", "never").expires_in_ms).toBeNull();
});

it("the smallest role and a time that ends are offered first", () => {
  expect(ROLES[0]?.[0]).toBe("viewer");
  expect(EXPIRIES[0]?.[1]).not.toBeNull();
});

it("a name that the state manager would refuse is told at once", () => {
  expect(["", "gpu-box", "a.b_c", "x".repeat(128)].map(nameFault)).toEqual(["", "", "", ""]);
  for (const bad of ["-x", ".x", "two words", "é", "x".repeat(129)]) expect(nameFault(bad)).not.toBe("");
});
