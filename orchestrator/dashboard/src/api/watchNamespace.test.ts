import { expect, it, vi } from "vitest";
import { ApiClient } from "./client";
import type { Stream } from "./follow";
import { watchNamespace } from "./watchNamespace";

const told = (...kinds: string[]) =>
  new Response(
    kinds.map((event) => `event: ${event}\ndata: ${JSON.stringify({ event, at: "" })}\n\n`).join(""),
  );

const refusal = (status: number) => new Response(JSON.stringify({ detail: "no" }), { status });

async function watched(...answers: (() => Response)[]) {
  const addresses: string[] = [];
  const lastIds: (string | null)[] = [];
  const heard: string[] = [];
  let pauses = 0;
  const fetcher = async (address: unknown, init?: RequestInit) => {
    addresses.push(String(address));
    lastIds.push(new Headers(init?.headers).get("last-event-id"));
    const answer = answers.shift();
    if (answer === undefined) throw new Error("it asked once more");
    return answer();
  };
  const streams: Stream[] = [];
  await watchNamespace({
    client: new ApiClient("key", () => undefined, fetcher as typeof fetch),
    namespace: "a b",
    signal: new AbortController().signal,
    onEvent: (event) => heard.push(event.event),
    onStream: (stream) => streams.push(stream),
    pause: async () => {
      pauses += 1;
    },
  });
  return { addresses, lastIds, heard, streams, pauses };
}

it("each connection tells from the beginning, and a stream that ends is opened again after a pause", async () => {
  const found = await watched(
    () => told("begin", "runs", "figures"),
    () => told("begin"),
    () => refusal(403),
  );
  expect(found.heard).toEqual(["begin", "runs", "figures", "begin"]);
  expect(found.lastIds).toEqual([null, null, null]);
  expect(found.addresses[0]).toBe("/v0/namespace/a%20b/events");
  expect(found.streams).toEqual(["opening", "live", "live", "refused"]);
  expect(found.pauses).toBe(2);
});

it("a connection that is lost is tried again", async () => {
  const found = await watched(
    () => {
      throw new TypeError("failed to fetch");
    },
    () => refusal(503),
    () => told("begin"),
    () => refusal(404),
  );
  expect(found.streams).toEqual(["opening", "lost", "lost", "live", "refused"]);
});

it("a connection without a word for long is given up and opened again", async () => {
  vi.useFakeTimers();
  const silent = new ReadableStream<Uint8Array>();
  const found = watched(
    () => new Response(silent),
    () => refusal(404),
  );
  await vi.advanceTimersByTimeAsync(60_000);
  vi.useRealTimers();
  expect((await found).streams).toEqual(["opening", "live", "lost", "refused"]);
});
