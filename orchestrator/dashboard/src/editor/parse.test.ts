import { describe, expect, it } from "vitest";
import { lineOf } from "./findings";
import { namesSecrets, parse } from "./parse";

/** What is wrong with a text, each with its line. */
const faults = (text: string, format: "json" | "yaml") =>
  parse(text, format).findings.map((one) => `${one.placed ? lineOf(text, one.from) : "?"} ${one.message}`);

describe("the text of a declaration", () => {
  it("is read as what it says, in either language", () => {
    const body = { nodes: [{ identifier: "a", inputs: { x: "1" } }], triggers: null };
    expect(parse(JSON.stringify(body, null, "\t"), "json")).toMatchObject({ body, findings: [] });
    expect(parse("nodes:\n- identifier: a\n  inputs: {x: '1'}\ntriggers:\n", "yaml")).toMatchObject({
      body,
      findings: [],
    });
  });

  it("that is no JSON says where", () => {
    expect(faults('{\n  "nodes": [\n    {"a": 1,}\n  ]\n}', "json")[0]).toMatch(/^3 this is not JSON: /);
    expect(faults('{\n  "nodes": tru\n}', "json")[0]).toMatch(/^2 this is not JSON: /);
    expect(faults('{\n  "nodes": [', "json")[0]).toMatch(/^2 this is not JSON: /);
    expect(faults("nodes: []", "json")).toHaveLength(1);
    expect(faults('{"nodes": [],\n "nodes": []}', "json")[0]).toMatch(/^2 Map keys must be unique/);
  });

  it("that is no YAML says where", () => {
    expect(faults("nodes:\n  - a: 1\n bad: 2\n", "yaml")[0]).toMatch(/^3 /);
    expect(faults("nodes: [\n", "yaml")).not.toEqual([]);
    expect(faults("nodes: *nothing\n", "yaml")).toHaveLength(1);
    expect(parse("nodes: [\n", "yaml").body).toBeNull();
  });

  it("that is no object is none", () => {
    for (const text of ["", "a", "- a", "5"])
      expect(faults(text, "yaml")[0]).toMatch(/^\? a graph is an object/);
  });

  it("with a part that no graph has is told so, and is sent without", () => {
    const parsed = parse("nodes: []\nnodez: 1\nsecrets:\n  token: x\n", "yaml");
    expect(parsed.body).toEqual({ nodes: [] });
    expect(parsed.findings.map((one) => one.message.split(":")[0])).toEqual(["nodez", "secrets"]);
    expect(namesSecrets(parsed.value)).toBe(true);
    expect(namesSecrets(parse("nodes: []", "yaml").value)).toBe(false);
  });

  it("that would fill the memory is refused", () => {
    const bomb = [
      "a: &a [x]",
      ...[..."bcdefghij"].map((name, index) => {
        const before = `*${"abcdefghi"[index]}`;
        return `${name}: &${name} [${Array.from({ length: 9 }, () => before).join(", ")}]`;
      }),
    ].join("\n");
    expect(faults(bomb, "yaml")).toHaveLength(1);
  });
});
