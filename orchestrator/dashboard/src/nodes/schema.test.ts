import { expect, it } from "vitest";
import { fieldsOf } from "./schema";

it("the fields of a schema are told in its order, with what they need", () => {
  const schema = {
    type: "object",
    properties: {
      user: { type: "string", description: "whom it is about" },
      size: { type: "string", default: "100" },
    },
    required: ["user"],
  };
  expect(fieldsOf(schema)).toEqual([
    { name: "user", required: true, fallback: null, description: "whom it is about" },
    { name: "size", required: false, fallback: "100", description: "" },
  ]);
});

it("what is no schema has no fields, and breaks nothing", () => {
  for (const strange of [
    null,
    undefined,
    5,
    "text",
    [],
    {},
    { properties: [] },
    { properties: null, required: 3 },
  ]) {
    expect(fieldsOf(strange)).toEqual([]);
  }
  expect(fieldsOf({ properties: { a: null, b: 7 } }).map((field) => field.name)).toEqual(["a", "b"]);
});
