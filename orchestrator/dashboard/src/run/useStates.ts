import { useInfiniteQuery } from "@tanstack/react-query";
import { useSession } from "../session/SessionContext";
import type { StateFilter } from "./rows";

const PAGE = 200;

/** The states of a run that fit a filter, in the order of their creation, page by page. */
export function useStates(namespace: string, runId: string, filter: StateFilter) {
  const { client } = useSession();
  return useInfiniteQuery({
    queryKey: ["run", namespace, runId, "states", filter.identifier, ...filter.statuses],
    queryFn: ({ pageParam, signal }) =>
      client.get("/v0/namespace/{namespace}/run/{run_id}/states/", {
        path: { namespace, run_id: runId },
        query: {
          limit: PAGE,
          ...(pageParam ? { cursor: pageParam } : {}),
          ...(filter.identifier ? { identifier: filter.identifier } : {}),
          ...(filter.statuses.length ? { status: [...filter.statuses] } : {}),
        },
        signal,
      }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor,
  });
}
