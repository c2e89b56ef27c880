import { useQuery } from "@tanstack/react-query";
import { useSession } from "../session/SessionContext";

export function useNodes(namespace: string) {
  const { client } = useSession();
  return useQuery({
    queryKey: ["namespace", namespace, "nodes"],
    queryFn: ({ signal }) => client.get("/v0/namespace/{namespace}/nodes/", { path: { namespace }, signal }),
  });
}
