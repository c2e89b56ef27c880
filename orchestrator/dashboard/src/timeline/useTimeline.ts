import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { useSession } from "../session/SessionContext";
import { chainsOf } from "./chains";

const PAGE = 1000;
/** How many pages are read before somebody asks for more. */
const PAGES = 5;

/** The states of a run, or of one node of it, as chains: the first thousands, and more when they are asked for. */
export function useTimeline(namespace: string, runId: string, identifier: string) {
  const { client } = useSession();
  const [pages, setPages] = useState(PAGES);
  const found = useInfiniteQuery({
    queryKey: ["run", namespace, runId, "timeline", identifier],
    queryFn: ({ pageParam, signal }) =>
      client.get("/v0/namespace/{namespace}/run/{run_id}/states/", {
        path: { namespace, run_id: runId },
        query: {
          limit: PAGE,
          ...(pageParam ? { cursor: pageParam } : {}),
          ...(identifier ? { identifier } : {}),
        },
        signal,
      }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor,
  });
  const { data, hasNextPage, isFetching, isError, fetchNextPage } = found;
  const read = data?.pages.length ?? 0;
  useEffect(() => {
    if (hasNextPage && !isFetching && !isError && read < pages) void fetchNextPage();
  }, [hasNextPage, isFetching, isError, read, pages, fetchNextPage]);
  const states = useMemo(() => data?.pages.flatMap((page) => page.states) ?? [], [data]);
  const chains = useMemo(() => chainsOf(states), [states]);
  const latest = useMemo(
    () => states.reduce((most, state) => Math.max(most, Date.parse(state.updated_at)), 0),
    [states],
  );
  return {
    chains,
    count: states.length,
    /** The latest moment that is told of, in unix ms. */
    latest,
    isPending: found.isPending,
    isFetching,
    error: found.error,
    /** Whether more is there, and nobody has asked for it. */
    more: hasNextPage && read >= pages,
    readMore: () => setPages(read + PAGES),
    refetch: found.refetch,
  };
}
