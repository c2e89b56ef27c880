import { useInfiniteQuery } from "@tanstack/react-query";
import { useSession } from "../session/SessionContext";
import { ALL } from "./scope";

const LIMIT = 200;

/** Who changed what in a namespace, newest first, page by page; for `ALL`, what concerns no single one. */
export function useAudit(scope: string) {
  const { client } = useSession();
  return useInfiniteQuery({
    queryKey: ["audit", scope],
    queryFn: ({ pageParam, signal }) => {
      const query = { limit: LIMIT, ...(pageParam && { before: pageParam }) };
      return scope === ALL
        ? client.get("/v0/audit/", { query, signal })
        : client.get("/v0/namespace/{namespace}/audit/", { path: { namespace: scope }, query, signal });
    },
    initialPageParam: "",
    getNextPageParam: (last) => (last.entries.length < LIMIT ? null : last.entries.at(-1)?.id),
  });
}
