/** Follows a run's events for as long as somebody looks, over lost connections and restarts. */

import { type ApiClient, addressOf } from "./client";
import { ApiError } from "./errors";
import { EventParser } from "./eventParser";
import type { RunEvent } from "./types";

/** How the stream stands: `live`, `lost` (it is tried again), `ended` with the run, or `refused` for good. */
export type Stream = "opening" | "live" | "lost" | "ended" | "refused";

export interface RunWatch {
  client: ApiClient;
  namespace: string;
  runId: string;
  signal: AbortSignal;
  onEvents(events: RunEvent[]): void;
  onStream(stream: Stream, error?: ApiError): void;
  /** Resolves after some ms, or at once when aborted. */
  pause?(ms: number, signal: AbortSignal): Promise<void>;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;

/** Resolves when the run has ended, when the watch was given up, or when the state manager refuses it. */
export async function watchRun(watch: RunWatch): Promise<void> {
  const { client, namespace, runId, signal, onStream } = watch;
  const pause = watch.pause ?? sleep;
  const address = addressOf("/v0/namespace/{namespace}/run/{run_id}/events", { namespace, run_id: runId });
  const place = { after: "" };
  let wait = FIRST_PAUSE_MS;
  onStream("opening");
  while (!signal.aborted) {
    try {
      const body = await client.stream(address, place.after, signal);
      if (body === null) {
        onStream("ended");
        return;
      }
      onStream("live");
      wait = FIRST_PAUSE_MS;
      const before = place.after;
      await readAll(body, place, watch.onEvents);
      // It ends with the run, or because it took long: asking once more tells which, by 204 or by what follows.
      if (place.after === before) await pause(FIRST_PAUSE_MS, signal);
      continue;
    } catch (fault) {
      if (signal.aborted) return;
      if (fault instanceof ApiError && !fault.passes) {
        onStream("refused", fault);
        return;
      }
      if (fault instanceof ApiError && fault.retryAfterMs) wait = Math.max(wait, fault.retryAfterMs);
    }
    onStream("lost");
    // Scattered: many pages that lost one state manager must not come back in the same moment.
    await pause(wait * (0.5 + Math.random() / 2), signal);
    wait = Math.min(LONGEST_PAUSE_MS, wait * 2);
  }
}

async function readAll(
  body: ReadableStream<Uint8Array>,
  place: { after: string },
  onEvents: (events: RunEvent[]) => void,
): Promise<void> {
  const parser = new EventParser();
  const text = new TextDecoder();
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const events = parser
      .push(text.decode(value, { stream: true }))
      .map((one) => JSON.parse(one.data) as RunEvent);
    const last = events.at(-1);
    if (last) {
      place.after = last.id;
      onEvents(events);
    }
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
