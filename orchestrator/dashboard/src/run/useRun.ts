import { useQuery } from "@tanstack/react-query";
import { useSession } from "../session/SessionContext";

export function useRun(namespace: string, runId: string) {
  const { client } = useSession();
  return useQuery({
    queryKey: ["run", namespace, runId],
    queryFn: ({ signal }) =>
      client.get("/v0/namespace/{namespace}/run/{run_id}", { path: { namespace, run_id: runId }, signal }),
  });
}

/** The version of the graph that a run executes; it never changes. */
export function useVersion(namespace: string, graph: string | undefined, version: number | undefined) {
  const { client } = useSession();
  return useQuery({
    queryKey: ["version", namespace, graph, version],
    queryFn: ({ signal }) =>
      client.get("/v0/namespace/{namespace}/graph/{graph_name}/version/{version}", {
        path: { namespace, graph_name: graph ?? "", version: version ?? 0 },
        signal,
      }),
    enabled: graph !== undefined && version !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
  });
}
