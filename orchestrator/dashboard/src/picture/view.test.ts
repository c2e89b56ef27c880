import { describe, expect, it } from "vitest";
import { HEIGHT, WIDTH } from "./layout";
import { viewOf } from "./view";

const BOX = { width: 1000, height: 400 };
const ROOT = { x: 0, y: 0 };
const layout = (width: number, height: number) => ({ places: new Map(), width, height });

describe("what is seen of a picture", () => {
  it("is all of it, in the middle, no larger than it is", () => {
    expect(viewOf(layout(WIDTH, HEIGHT), ROOT, BOX, false)).toEqual({
      x: (1000 - WIDTH) / 2,
      y: (400 - HEIGHT) / 2,
      zoom: 1,
      whole: true,
    });
  });

  it("is all of it, made smaller, as long as that can be read", () => {
    const { zoom, whole } = viewOf(layout(1200, 100), ROOT, BOX, false);
    expect(whole).toBe(true);
    expect(zoom).toBeLessThan(1);
  });

  it("begins at the root where the whole could not be read", () => {
    const { x, y, zoom, whole } = viewOf(layout(20_000, 2000), { x: 0, y: 900 }, BOX, false);
    expect(whole).toBe(false);
    expect(zoom).toBeGreaterThan(0.5);
    expect(x).toBeGreaterThan(0);
    expect(y + (900 + HEIGHT / 2) * zoom).toBeCloseTo(200);
  });

  it("begins at the root at the top of one that goes downwards", () => {
    const { x, y, zoom } = viewOf(layout(3000, 20_000), { x: 1400, y: 0 }, { width: 400, height: 500 }, true);
    expect(y).toBeGreaterThan(0);
    expect(x + (1400 + WIDTH / 2) * zoom).toBeCloseTo(200);
  });
});
