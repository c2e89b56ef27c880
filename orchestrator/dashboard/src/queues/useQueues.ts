import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { everyPage } from "../api/everyPage";
import type { Queue } from "../api/types";
import { useSession } from "../session/SessionContext";

const LIMIT = 200;
const MOST_PAGES = 10;

/** What waits and runs, by node. */
export function useQueues(namespace: string): UseQueryResult<Queue[]> {
  const { client } = useSession();
  return useQuery({
    queryKey: ["namespace", namespace, "queues"],
    queryFn: ({ signal }) =>
      everyPage(async (cursor) => {
        const page = await client.get("/v0/namespace/{namespace}/queues/", {
          path: { namespace },
          query: { limit: LIMIT, ...(cursor && { cursor }) },
          signal,
        });
        return { items: page.queues, next: page.next_cursor };
      }, MOST_PAGES),
  });
}
