import { useInfiniteQuery } from "@tanstack/react-query";
import { useSession } from "../session/SessionContext";
import type { RunFilter } from "./filter";
import { look } from "./scan";

/** The runs of a namespace that fit a filter, newest first, look by look. */
export function useRuns(namespace: string, filterKey: string, filter: () => RunFilter) {
  const { client } = useSession();
  return useInfiniteQuery({
    queryKey: ["runs", namespace, filterKey],
    queryFn: ({ pageParam, signal }) =>
      look(
        (page, size) =>
          client.get("/v0/namespace/{namespace}/runs/{page}/{size}", {
            path: { namespace, page, size },
            signal,
          }),
        filter(),
        pageParam,
      ),
    initialPageParam: 0,
    getNextPageParam: (last) => last.next,
  });
}
