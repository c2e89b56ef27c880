/** Follows what a state writes, for as long as somebody looks, each line once and in order. */

import { type ApiClient, addressOf } from "./client";
import type { ApiError } from "./errors";
import { follow, type Stream } from "./follow";
import type { LogEvent } from "./types";

export interface LogWatch {
  client: ApiClient;
  namespace: string;
  runId: string;
  stateId: string;
  signal: AbortSignal;
  onEvents(events: LogEvent[]): void;
  onStream(stream: Stream, error?: ApiError): void;
}

/** Resolves when the run has ended, when the watch was given up, or when the state manager refuses it. */
export function watchLogs(watch: LogWatch): Promise<void> {
  const { client, namespace, runId, stateId, signal, onEvents, onStream } = watch;
  let last = "";
  return follow({
    client,
    address: addressOf(
      "/v0/namespace/{namespace}/run/{run_id}/logs/live",
      { namespace, run_id: runId },
      { state_id: stateId },
    ),
    signal,
    lastEventId: () => last,
    onEvents: (events) => {
      last = events.at(-1)?.id ?? last;
      onEvents(events.map((one) => JSON.parse(one.data) as LogEvent));
    },
    onStream,
  });
}
