import { expect, it } from "vitest";
import type { LogEvent, LogLine } from "../api/types";
import { fieldsOf, NOTHING_WRITTEN, SHOWN_LINES, withEvents } from "./written";

function line(number: number, fields: LogLine["fields"] = {}): LogEvent {
  const id = String(number);
  return {
    event: "line",
    id,
    run_id: "r",
    line: {
      id,
      run_id: "r",
      at: "2026-01-31T09:00:00.000Z",
      kind: "log",
      level: "INFO",
      state_id: "s",
      node_name: "A",
      identifier: "a",
      attempt: 1,
      text: `line ${id}`,
      fields,
    },
  };
}

const ids = (lines: readonly LogLine[]) => lines.map((one) => one.id);

it("lines are shown in the order in which they come in", () => {
  const first = withEvents(NOTHING_WRITTEN, [line(1), line(2)]);
  const second = withEvents(first, [line(3)]);
  expect(ids(second.lines)).toEqual(["1", "2", "3"]);
  expect(second.left).toBe(0);
});

it("of very many lines the newest are shown, and the others counted", () => {
  const many = Array.from({ length: SHOWN_LINES + 20 }, (_, number) => line(number));
  const found = withEvents(withEvents(NOTHING_WRITTEN, many), [line(9999)]);
  expect(found.lines).toHaveLength(SHOWN_LINES);
  expect(found.lines.at(-1)?.id).toBe("9999");
  expect(found.left).toBe(21);
});

it("the end, and a gap of other states' lines, change nothing", () => {
  const before = withEvents(NOTHING_WRITTEN, [line(1)]);
  expect(withEvents(before, [{ event: "gap", id: "4", run_id: "r", dropped: 3 }])).toBe(before);
  expect(withEvents(before, [{ event: "end", id: "4", run_id: "r", status: "SUCCESS" }])).toBe(before);
});

it("fields are spelled as they are written, text without quotes", () => {
  const found = line(1, { percent: 40, file: "a b", done: false, left: null }).line;
  expect(found && fieldsOf(found)).toBe("percent=40  file=a b  done=false  left=null");
});
