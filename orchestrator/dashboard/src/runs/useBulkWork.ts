import { useCallback, useEffect, useRef, useState } from "react";
import { sleep } from "../api/pause";
import { useSession } from "../session/SessionContext";
import { type BulkResult, forEachRun } from "./bulk";

export type Verb = "cancel" | "retry";

export interface BulkWork {
  total: number;
  result: BulkResult;
  over: boolean;
}

/** Cancelling or retrying several runs; it goes on while the filter is changed, and begins no call when the page is left. */
export function useBulkWork(namespace: string) {
  const { client } = useSession();
  const [work, setWork] = useState<BulkWork | null>(null);
  const given = useRef<AbortController | null>(null);
  useEffect(() => () => given.current?.abort(), []);

  const begin = useCallback(
    async (verb: Verb, ids: readonly string[]) => {
      const mine = new AbortController();
      given.current = mine;
      const total = ids.length;
      setWork({ total, result: { done: 0, refused: new Map() }, over: false });
      const result = await forEachRun(
        ids,
        (run_id) =>
          client.post(`/v0/namespace/{namespace}/run/{run_id}/${verb}`, { path: { namespace, run_id } }),
        {
          signal: mine.signal,
          pause: sleep,
          onProgress: (now) => setWork({ total, result: now, over: false }),
        },
      );
      setWork({ total, result, over: true });
    },
    [client, namespace],
  );
  const stop = useCallback(() => given.current?.abort(), []);
  const close = useCallback(() => setWork(null), []);
  return { work, begin, stop, close };
}
