import { describe, expect, it, vi } from "vitest";
import type { RunEvent } from "../api/types";
import { LiveRun, SHOWN_EVENTS } from "./live";

let moment = 0;

function told(event: RunEvent["event"], status: string, more: Partial<RunEvent> = {}): RunEvent {
  moment += 1;
  return { id: `${moment}-0`, event, run_id: "0-r", status, at: "2026-02-01T12:00:00.000Z", ...more };
}

const state = (kind: "found" | "state", id: string, status: string, identifier = "a") =>
  told(kind, status, { state_id: id, identifier, attempt: 1 });

describe("a run that is watched", () => {
  it("counts its states by node and class as they move", () => {
    const run = new LiveRun();
    run.take([
      told("begin", "PENDING", { total_count: 2 }),
      state("found", "1", "SUCCESS"),
      state("found", "2", "CREATED"),
    ]);
    expect(run.counts("a")).toEqual({
      success: 1,
      pending: 1,
      errored: 0,
      retried: 0,
      cancelled: 0,
      total: 2,
    });
    expect(run.whole).toBe(false);
    run.take([
      told("current", "PENDING"),
      state("state", "2", "RETRY_CREATED"),
      state("state", "3", "CREATED", "b"),
    ]);
    expect(run.whole).toBe(true);
    expect(run.counts("a")).toMatchObject({ pending: 0, retried: 1, total: 2 });
    expect(run.counts("b").pending).toBe(1);
    expect(run.total()).toMatchObject({ success: 1, retried: 1, pending: 1, total: 3 });
    expect(run.counts("unknown").total).toBe(0);
  });

  it("forgets what it knew when everything is told anew", () => {
    const run = new LiveRun();
    run.take([told("begin", "PENDING"), state("found", "1", "CREATED"), told("current", "PENDING")]);
    run.take([told("begin", "PENDING"), state("found", "2", "SUCCESS")]);
    expect([...run.states.keys()]).toEqual(["2"]);
    expect(run.total().total).toBe(1);
    expect(run.whole).toBe(false);
  });

  it("ends with the status of the run", () => {
    const run = new LiveRun();
    run.take([told("begin", "PENDING"), told("current", "PENDING"), told("run", "FAILED")]);
    expect(run.status).toBe("FAILED");
  });

  it("shows what happens, not what was found, and the newest of it only", () => {
    const run = new LiveRun();
    run.take([state("found", "1", "CREATED")]);
    expect(run.log).toEqual([]);
    run.take(Array.from({ length: SHOWN_EVENTS + 20 }, (_, n) => state("state", `${n}`, "CREATED")));
    expect(run.log).toHaveLength(SHOWN_EVENTS);
    expect(run.log[0]?.state_id).toBe(`${SHOWN_EVENTS + 19}`);
  });

  it("tells its listeners once for all events that came together", () => {
    const run = new LiveRun();
    const listener = vi.fn();
    const leave = run.subscribe(listener);
    run.take([state("state", "1", "CREATED"), state("state", "1", "SUCCESS")]);
    expect(listener).toHaveBeenCalledTimes(1);
    leave();
    run.take([state("state", "1", "SUCCESS")]);
    expect(listener).toHaveBeenCalledTimes(1);
  });
});
