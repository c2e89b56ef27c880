/** Reads a stream of server-sent events for as long as somebody looks, over lost connections and restarts. */

import type { ApiClient } from "./client";
import { ApiError, Unreachable } from "./errors";
import { EventParser, type ServerSentEvent } from "./eventParser";
import { type Pause, sleep } from "./pause";

/** How the stream stands: `live`, `lost` (it is tried again), `ended` for good, or `refused` for good. */
export type Stream = "opening" | "live" | "lost" | "ended" | "refused";

export interface Following {
  client: ApiClient;
  address: string;
  signal: AbortSignal;
  /** Which event was the last; empty where the stream begins anew each time. */
  lastEventId(): string;
  onEvents(events: ServerSentEvent[]): void;
  onStream(stream: Stream, error?: ApiError): void;
  pause?: Pause | undefined;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5000;
/** A state manager says something every 15 s: past this time without a word, the connection is dead. */
const LONGEST_SILENCE_MS = 45_000;

/** Resolves when nothing follows any more, when it was given up, or when the state manager refuses it. */
export async function follow(given: Following): Promise<void> {
  const { client, address, signal, lastEventId, onStream } = given;
  const pause = given.pause ?? sleep;
  let wait = FIRST_PAUSE_MS;
  onStream("opening");
  while (!signal.aborted) {
    try {
      const before = lastEventId();
      const body = await client.stream(address, before, signal);
      if (body === null) {
        onStream("ended");
        return;
      }
      onStream("live");
      wait = FIRST_PAUSE_MS;
      await readAll(body, given.onEvents);
      // It ends with what it tells of, or because it took long: asking once more tells which.
      if (lastEventId() === before) await pause(FIRST_PAUSE_MS, signal);
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
  onEvents: (events: ServerSentEvent[]) => void,
): Promise<void> {
  const parser = new EventParser();
  const text = new TextDecoder();
  const reader = body.getReader();
  for (;;) {
    let silent = false;
    const timer = setTimeout(() => {
      silent = true;
      void reader.cancel();
    }, LONGEST_SILENCE_MS);
    const { done, value } = await reader.read().finally(() => clearTimeout(timer));
    if (silent) throw new Unreachable();
    if (done) return;
    const events = parser.push(text.decode(value, { stream: true }));
    if (events.length > 0) onEvents(events);
  }
}
