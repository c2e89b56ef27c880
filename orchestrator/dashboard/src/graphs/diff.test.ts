import { describe, expect, it } from "vitest";
import { changesOf, diffOf, folded } from "./diff";

const lines = (...texts: string[]) => `${texts.join("\n")}\n`;

/** Lines as text: sign, numbers before and after, content. */
const told = (before: string, after: string) =>
  diffOf(before, after).map(
    (line) =>
      `${{ same: " ", added: "+", removed: "-" }[line.kind]} ${line.before ?? "."} ${line.after ?? "."} ${line.text}`,
  );

describe("the difference of two texts", () => {
  it("has each line with its sign, and its number in both", () => {
    expect(told(lines("a", "b", "c", "d"), lines("a", "x", "y", "c", "d"))).toEqual([
      "  1 1 a",
      "- 2 . b",
      "+ . 2 x",
      "+ . 3 y",
      "  3 4 c",
      "  4 5 d",
    ]);
  });

  it("of equal texts is no change, and a line that is empty is a line", () => {
    expect(changesOf(diffOf(lines("a", "", "b"), lines("a", "", "b")))).toEqual({ added: 0, removed: 0 });
    expect(told(lines("a", "b"), lines("a", "", "b"))).toEqual(["  1 1 a", "+ . 2 ", "  2 3 b"]);
  });

  it("folds what is far from every change", () => {
    const many = Array.from({ length: 20 }, (_, index) => `line ${index}`);
    const changed = many.with(10, "other");
    const shape = folded(diffOf(lines(...many), lines(...changed)), 2).map(
      (stretch) => `${stretch.folded ? "folded" : "shown"} ${stretch.lines.length}`,
    );
    expect(shape).toEqual(["folded 8", "shown 6", "folded 7"]);
  });
});
