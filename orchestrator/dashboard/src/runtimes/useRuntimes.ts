import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { everyPage } from "../api/everyPage";
import type { Runtime } from "../api/types";
import { useSession } from "../session/SessionContext";

const LIMIT = 200;
const MOST_PAGES = 10;

/** Who is there, or was within the last hour: those that are alive first. */
export function useRuntimes(namespace: string): UseQueryResult<Runtime[]> {
  const { client } = useSession();
  return useQuery({
    queryKey: ["namespace", namespace, "runtimes"],
    queryFn: async ({ signal }) => {
      const found = await everyPage(async (cursor) => {
        const page = await client.get("/v0/namespace/{namespace}/runtimes/", {
          path: { namespace },
          query: { limit: LIMIT, ...(cursor && { cursor }) },
          signal,
        });
        return { items: page.runtimes, next: page.next_cursor };
      }, MOST_PAGES);
      return found.sort(
        (one, other) =>
          Number(other.alive) - Number(one.alive) ||
          (one.runtime_name ?? "").localeCompare(other.runtime_name ?? "") ||
          one.id.localeCompare(other.id),
      );
    },
  });
}
