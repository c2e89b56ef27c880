/** Follows what happens in a namespace: runs that begin and end, and its figures. */

import { type ApiClient, addressOf } from "./client";
import type { ApiError } from "./errors";
import { follow, type Stream } from "./follow";
import type { Pause } from "./pause";

/** Nothing of before is told: whoever shows anything reads it anew. */
export interface Begin {
  event: "begin";
  at: string;
}

/** Runs that began, began again or ended; not all are named where they were many. */
export interface RunsEvent {
  event: "runs";
  at: string;
  count: number;
  runs: { run_id: string; graph_name: string; status: string }[];
}

export interface FiguresEvent {
  event: "figures";
  at: string;
  succeeded_per_s: number;
  failed_per_s: number;
  depth: number;
  running: number;
}

export type NamespaceEvent = Begin | RunsEvent | FiguresEvent;

export interface NamespaceWatch {
  client: ApiClient;
  namespace: string;
  signal: AbortSignal;
  onEvent(event: NamespaceEvent): void;
  onStream(stream: Stream, error?: ApiError): void;
  pause?: Pause;
}

/** Resolves when the watch was given up, or when the state manager refuses it. */
export function watchNamespace(watch: NamespaceWatch): Promise<void> {
  const { client, namespace, signal, onEvent, onStream, pause } = watch;
  return follow({
    client,
    address: addressOf("/v0/namespace/{namespace}/events", { namespace }),
    signal,
    lastEventId: () => "",
    onEvents: (events) => {
      for (const one of events) onEvent(JSON.parse(one.data) as NamespaceEvent);
    },
    onStream,
    pause,
  });
}
