import { describe, expect, it } from "vitest";
import { executedFor, isFurtherOutput } from "./furtherOutput";

const AT = "2026-01-01T00:00:00.000Z";
const kept = { status: "SUCCESS", worker: null, ran_ms: null, created_at: AT, updated_at: AT };

describe("isFurtherOutput", () => {
  it("knows a state that was made whole", () => {
    expect(isFurtherOutput(kept)).toBe(true);
  });

  it.each([
    ["has a worker", { worker: "runtime-1" }],
    ["ran", { ran_ms: 0 }],
    ["ended after it was made", { updated_at: "2026-01-01T00:00:00.001Z" }],
    ["is no success", { status: "CREATED" }],
  ])("takes none for it that %s", (_, other) => {
    expect(isFurtherOutput({ ...kept, ...other })).toBe(false);
  });
});

describe("executedFor", () => {
  const node = (id: string, identifier: string, status = "SUCCESS") => ({
    id,
    identifier,
    status,
    node_name: "Node",
    error: null,
  });
  const edge = (source: string, target: string) => ({ source, target });

  it("finds the root, of which nothing is the parent", () => {
    const nodes = [node("r", "begin"), node("s1", "begin"), node("c", "work")];
    expect(executedFor({ nodes, edges: [edge("r", "c")] }, "s1")).toBe("r");
  });

  it("finds the one of the same parent, past those that were retried", () => {
    const nodes = [
      node("p1", "begin"),
      node("p2", "begin"),
      node("a", "work"),
      node("b1", "work", "RETRY_CREATED"),
      node("b2", "work"),
      node("s", "work"),
    ];
    const edges = [edge("p1", "a"), edge("p2", "b1"), edge("p2", "b2"), edge("p2", "s")];
    expect(executedFor({ nodes, edges }, "s")).toBe("b2");
  });

  it("tells nothing of a state that is not there, or that comes first", () => {
    expect(executedFor({ nodes: [node("r", "begin")], edges: [] }, "gone")).toBeNull();
    expect(executedFor({ nodes: [node("r", "begin")], edges: [] }, "r")).toBeNull();
  });
});
