import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useSession } from "../session/SessionContext";

const VERSIONS = 50;

export function useGraphs(namespace: string) {
  const { client } = useSession();
  return useQuery({
    queryKey: ["graphs", namespace],
    queryFn: ({ signal }) => client.get("/v0/namespace/{namespace}/graphs/", { path: { namespace }, signal }),
  });
}

export function useGraph(namespace: string, name: string) {
  const { client } = useSession();
  return useQuery({
    queryKey: ["graph", namespace, name],
    queryFn: ({ signal }) =>
      client.get("/v0/namespace/{namespace}/graph/{graph_name}", {
        path: { namespace, graph_name: name },
        signal,
      }),
  });
}

/** The versions of a graph, the newest first, page by page. */
export function useVersions(namespace: string, name: string) {
  const { client } = useSession();
  return useInfiniteQuery({
    queryKey: ["graph", namespace, name, "versions"],
    queryFn: ({ pageParam, signal }) =>
      client.get("/v0/namespace/{namespace}/graph/{graph_name}/versions", {
        path: { namespace, graph_name: name },
        query: { limit: VERSIONS, ...(pageParam ? { before: pageParam } : {}) },
        signal,
      }),
    initialPageParam: 0,
    getNextPageParam: (last) => (last.versions.length < VERSIONS ? null : last.versions.at(-1)?.version),
  });
}

export function useSchedules(namespace: string) {
  const { client } = useSession();
  return useQuery({
    queryKey: ["schedules", namespace],
    queryFn: ({ signal }) =>
      client.get("/v0/namespace/{namespace}/schedules/", { path: { namespace }, signal }),
  });
}

export function useFirings(namespace: string, graph: string) {
  const { client } = useSession();
  return useQuery({
    queryKey: ["schedules", namespace, "firings", graph],
    queryFn: ({ signal }) =>
      client.get("/v0/namespace/{namespace}/graph/{graph_name}/firings", {
        path: { namespace, graph_name: graph },
        signal,
      }),
  });
}
