import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { FiguresEvent } from "../api/watchNamespace";
import { NamespaceFeed, type Opened } from "./NamespaceFeed";

const FIGURES: FiguresEvent = {
  event: "figures",
  at: "2026-02-01T12:00:00Z",
  succeeded_per_s: 12,
  failed_per_s: 0,
  depth: 3,
  running: 4,
};

function opening() {
  const opened: Opened[] = [];
  return { feed: new NamespaceFeed((one) => opened.push(one)), opened };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("listeners share one stream, which outlives the way from one page to the next and is closed after it", () => {
  const { feed, opened } = opening();
  const leave = feed.subscribe(() => undefined);
  const leaveToo = feed.subscribe(() => undefined);
  expect(opened).toHaveLength(1);
  leave();
  leaveToo();
  const back = feed.subscribe(() => undefined);
  vi.advanceTimersByTime(60_000);
  expect(opened[0]?.signal.aborted).toBe(false);
  back();
  vi.advanceTimersByTime(60_000);
  expect(opened[0]?.signal.aborted).toBe(true);
  feed.subscribe(() => undefined);
  expect(opened).toHaveLength(2);
});

it("a tab that nobody looks at for long gives its stream back, and opens one when it is seen again", () => {
  const { feed, opened } = opening();
  feed.subscribe(() => undefined);
  feed.show(false);
  vi.advanceTimersByTime(5000);
  feed.show(true);
  vi.advanceTimersByTime(60_000);
  expect(opened[0]?.signal.aborted).toBe(false);
  feed.show(false);
  vi.advanceTimersByTime(60_000);
  expect(opened[0]?.signal.aborted).toBe(true);
  feed.show(true);
  expect(opened).toHaveLength(2);
});

it("figures are kept until the stream begins anew", () => {
  const { feed, opened } = opening();
  const heard: string[] = [];
  let drawn = 0;
  feed.subscribe(() => {
    drawn += 1;
  });
  feed.hear((event) => heard.push(event.event));
  opened[0]?.onStream("live", "");
  opened[0]?.onEvent(FIGURES);
  expect(feed.state()).toEqual({ stream: "live", problem: "", figures: FIGURES });
  opened[0]?.onEvent({ event: "begin", at: "" });
  expect(feed.state().figures).toBeNull();
  expect(heard).toEqual(["figures", "begin"]);
  expect(drawn).toBe(3);
});

it("what a closed stream still tells is not heard", () => {
  const { feed, opened } = opening();
  feed.subscribe(() => undefined)();
  vi.advanceTimersByTime(60_000);
  opened[0]?.onEvent(FIGURES);
  opened[0]?.onStream("lost", "");
  expect(feed.state()).toEqual({ stream: "opening", problem: "", figures: null });
});
