import { describe, expect, it } from "vitest";
import type { RunEvent, StateSummary } from "../api/types";
import { LiveRun } from "./live";
import { rowsOf } from "./rows";

const AT = "2026-02-01T12:00:00.000Z";
const LATER = "2026-02-01T12:00:05.000Z";
const ALL = { identifier: "", statuses: [] };

function listed(id: string, status: StateSummary["status"], identifier = "a"): StateSummary {
  return {
    id,
    node_name: "A",
    identifier,
    status,
    attempt: 1,
    retry_count: 0,
    error: null,
    created_at: AT,
    updated_at: AT,
  };
}

function watched(...states: [string, string, string?][]): LiveRun {
  const live = new LiveRun();
  live.take(
    states.map(([state_id, status, identifier = "a"]): RunEvent => ({
      id: "1-0",
      event: "state",
      run_id: "0-r",
      status,
      at: LATER,
      state_id,
      identifier,
      attempt: 1,
    })),
  );
  return live;
}

const shown = (rows: ReturnType<typeof rowsOf>) => rows.map((row) => `${row.id} ${row.status}`);

describe("the list of states", () => {
  it("shows what was told after it was listed", () => {
    const rows = rowsOf([listed("1", "CREATED")], watched(["1", "SUCCESS"]), ALL, true);
    expect(shown(rows)).toEqual(["1 SUCCESS"]);
    expect(rows[0]?.updatedAt).toBe(LATER);
  });

  it("lets a state that is taken read so until something becomes of it", () => {
    expect(shown(rowsOf([listed("1", "QUEUED")], watched(["1", "CREATED"]), ALL, true))).toEqual([
      "1 QUEUED",
    ]);
    expect(shown(rowsOf([listed("1", "QUEUED")], watched(["1", "ERRORED"]), ALL, true))).toEqual([
      "1 ERRORED",
    ]);
  });

  it("goes on with states that were made since, once all others are listed", () => {
    const live = watched(["1", "SUCCESS"], ["2", "CREATED"]);
    expect(shown(rowsOf([listed("1", "SUCCESS")], live, ALL, false))).toEqual(["1 SUCCESS"]);
    expect(shown(rowsOf([listed("1", "SUCCESS")], live, ALL, true))).toEqual(["1 SUCCESS", "2 CREATED"]);
  });

  it("leaves out what does not fit any more, and takes in what fits now", () => {
    const live = watched(["1", "SUCCESS"], ["2", "ERRORED"], ["3", "ERRORED", "b"]);
    const filter = { identifier: "a", statuses: ["ERRORED" as const] };
    expect(shown(rowsOf([listed("1", "ERRORED")], live, filter, true))).toEqual(["2 ERRORED"]);
  });

  it("keeps when a state changed where the stream only found it as it is", () => {
    const live = new LiveRun();
    live.take([
      {
        id: "1-0",
        event: "found",
        run_id: "0-r",
        status: "SUCCESS",
        at: LATER,
        state_id: "1",
        identifier: "a",
      },
    ]);
    expect(rowsOf([listed("1", "SUCCESS")], live, ALL, true)[0]?.updatedAt).toBe(AT);
  });
});
