/** Follows a run's events for as long as somebody looks, each event once and in order. */

import { type ApiClient, addressOf } from "./client";
import type { ApiError } from "./errors";
import { follow, type Stream } from "./follow";
import type { Pause } from "./pause";
import type { RunEvent } from "./types";

export type { Stream } from "./follow";

export interface RunWatch {
  client: ApiClient;
  namespace: string;
  runId: string;
  signal: AbortSignal;
  onEvents(events: RunEvent[]): void;
  onStream(stream: Stream, error?: ApiError): void;
  pause?: Pause;
}

/** Resolves when the run has ended, when the watch was given up, or when the state manager refuses it. */
export function watchRun(watch: RunWatch): Promise<void> {
  const { client, namespace, runId, signal, onEvents, onStream, pause } = watch;
  let last = "";
  return follow({
    client,
    address: addressOf("/v0/namespace/{namespace}/run/{run_id}/events", { namespace, run_id: runId }),
    signal,
    lastEventId: () => last,
    onEvents: (events) => {
      last = events.at(-1)?.id ?? last;
      onEvents(events.map((one) => JSON.parse(one.data) as RunEvent));
    },
    onStream,
    pause,
  });
}
