import { useQuery } from "@tanstack/react-query";
import { useSession } from "../session/SessionContext";

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

export function useVersions(namespace: string, name: string) {
  const { client } = useSession();
  return useQuery({
    queryKey: ["graph", namespace, name, "versions"],
    queryFn: ({ signal }) =>
      client.get("/v0/namespace/{namespace}/graph/{graph_name}/versions", {
        path: { namespace, graph_name: name },
        query: { limit: 20 },
        signal,
      }),
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
