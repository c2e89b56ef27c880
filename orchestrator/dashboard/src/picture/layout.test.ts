import { describe, expect, it } from "vitest";
import type { Way } from "./flow";
import { HEIGHT, layout, WIDTH } from "./layout";

const way = (source: string, target: string): Way => ({
  id: `${source} ${target}`,
  source,
  target,
  kind: "next",
  mappings: [],
});

const DIAMOND = [way("a", "b"), way("a", "c"), way("b", "d"), way("c", "d")];

describe("a picture", () => {
  it("has what follows to the right of what it follows on, and nothing on top of another", () => {
    const { places, width, height } = layout(["a", "b", "c", "d"], DIAMOND, false);
    const at = (name: string) => places.get(name) ?? { x: -1, y: -1 };
    expect(at("a").x + WIDTH).toBeLessThan(at("b").x);
    expect(at("b").x).toBe(at("c").x);
    expect(Math.abs(at("b").y - at("c").y)).toBeGreaterThanOrEqual(HEIGHT);
    expect(at("b").x + WIDTH).toBeLessThan(at("d").x);
    expect(width).toBe(at("d").x + WIDTH);
    expect(height).toBeGreaterThanOrEqual(2 * HEIGHT);
  });

  it("goes downwards where there is little room", () => {
    const { places, width } = layout(["a", "b"], [way("a", "b")], true);
    expect((places.get("a")?.y ?? 0) + HEIGHT).toBeLessThan(places.get("b")?.y ?? 0);
    expect(width).toBe(WIDTH);
  });

  it("of a circle, which no graph may have, ends", () => {
    expect(layout(["a", "b"], [way("a", "b"), way("b", "a")], false).places.size).toBe(2);
  });
});
