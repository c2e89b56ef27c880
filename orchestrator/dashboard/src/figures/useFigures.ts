import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import type { Figures } from "../api/types";
import { useSession } from "../session/SessionContext";

/** How attempts ended in the last hour, minute by minute and node by node. */
export function useFigures(namespace: string): UseQueryResult<Figures> {
  const { client } = useSession();
  return useQuery({
    queryKey: ["namespace", namespace, "figures"],
    queryFn: ({ signal }) =>
      client.get("/v0/namespace/{namespace}/figures", {
        path: { namespace },
        query: { minutes: 60 },
        signal,
      }),
  });
}
