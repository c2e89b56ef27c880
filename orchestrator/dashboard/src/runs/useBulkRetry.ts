import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import type { BulkRetry } from "../api/types";
import { useNamespaceEvents } from "../live/useNamespaceEvents";
import { useRested } from "../live/useRested";
import { useSession } from "../session/SessionContext";

const RESULTS = 500;
const EVERY_MS = 1000;
const LONGEST_PAUSE_MS = 10_000;

/** How long to wait until a retry is looked at once more, when no event told of it; false when it is over. */
export function pauseOf(newest: BulkRetry | undefined, looks: number): number | false {
  if (newest === undefined || newest.status === "FINISHED") return false;
  return Math.min(LONGEST_PAUSE_MS, EVERY_MS * 2 ** Math.min(looks, 10));
}

/** A retry of many runs: how far it has come, and what came of each run, page by page. */
export function useBulkRetry(namespace: string, id: string) {
  const { client } = useSession();
  const queries = useQueryClient();
  const queryKey = ["bulk", namespace, id];
  const retry = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam, signal }) =>
      client.get("/v0/namespace/{namespace}/bulk/{bulk_id}", {
        path: { namespace, bulk_id: id },
        query: { limit: RESULTS, ...(pageParam && { cursor: pageParam }) },
        signal,
      }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor,
    // Each run that it retries is an event; that it has ended, or found nothing to retry, is none.
    refetchInterval: ({ state }) => pauseOf(state.data?.pages.at(-1), state.dataUpdateCount),
  });
  const over = retry.data?.pages.at(-1)?.status === "FINISHED";
  const ask = useRested(() => queries.invalidateQueries({ queryKey, exact: true }), EVERY_MS);
  useNamespaceEvents((event) => {
    if (event.event !== "figures" && !over) ask();
  });
  return retry;
}
