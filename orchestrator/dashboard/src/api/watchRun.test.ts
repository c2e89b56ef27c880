import { expect, it } from "vitest";
import { ApiClient } from "./client";
import type { RunEvent } from "./types";
import { type Stream, watchRun } from "./watchRun";

function streamOf(...ids: string[]): Response {
  const text = ids.map(
    (id) =>
      `id: ${id}\nevent: state\ndata: ${JSON.stringify({ id, event: "state", run_id: "0-r", status: "CREATED", at: "" })}\n\n`,
  );
  return new Response(text.join(""), { status: 200 });
}

const gone = () => new Response(null, { status: 204 });
const refusal = (status: number) => new Response(JSON.stringify({ detail: "no" }), { status });

/** Watch a state manager that gives these answers, one after another. */
async function watched(...answers: (() => Response)[]) {
  const asked: (string | null)[] = [];
  const streams: Stream[] = [];
  const events: string[] = [];
  const pauses: number[] = [];
  const fetcher = async (_: unknown, init?: RequestInit) => {
    asked.push(new Headers(init?.headers).get("last-event-id"));
    const answer = answers.shift();
    if (answer === undefined) throw new Error("it asked once more");
    return answer();
  };
  await watchRun({
    client: new ApiClient("key", () => undefined, fetcher as typeof fetch),
    namespace: "ns",
    runId: "0-r",
    signal: new AbortController().signal,
    onEvents: (found: RunEvent[]) => events.push(...found.map((event) => event.id)),
    onStream: (stream) => streams.push(stream),
    pause: async (ms) => {
      pauses.push(ms);
    },
  });
  return { asked, streams, events, pauses };
}

const lost = () => {
  throw new TypeError("failed to fetch");
};

it("a stream that ends is asked for what follows, until nothing does", async () => {
  const found = await watched(
    () => streamOf("1-0", "2-0"),
    () => streamOf("3-0"),
    gone,
  );
  expect(found.events).toEqual(["1-0", "2-0", "3-0"]);
  expect(found.asked).toEqual([null, "2-0", "3-0"]);
  expect(found.streams).toEqual(["opening", "live", "live", "ended"]);
  expect(found.pauses).toEqual([]);
});

it("a lost connection is taken up after the last event, with longer and longer pauses", async () => {
  const found = await watched(
    () => streamOf("1-0"),
    lost,
    lost,
    () => refusal(503),
    gone,
  );
  expect(found.asked).toEqual([null, "1-0", "1-0", "1-0", "1-0"]);
  expect(found.streams).toEqual(["opening", "live", "lost", "lost", "lost", "ended"]);
  const [first = 0, , third = 0] = found.pauses;
  expect(first).toBeGreaterThanOrEqual(125);
  expect(third).toBeGreaterThanOrEqual(500);
  expect(third).toBeLessThanOrEqual(1000);
});

it("who is refused does not ask again", async () => {
  const found = await watched(() => refusal(404));
  expect(found.streams).toEqual(["opening", "refused"]);
});

it("a stream that says nothing is not asked for again without a pause", async () => {
  const found = await watched(() => streamOf(), gone);
  expect(found.pauses).toHaveLength(1);
});
