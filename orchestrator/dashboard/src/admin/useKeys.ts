import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Schema } from "../api/types";
import { useSession } from "../session/SessionContext";
import { ALL } from "./scope";

/** The keys that are good for a namespace, or, for `ALL`, those that are good for all. */
export function useKeys(scope: string) {
  const { client } = useSession();
  return useQuery({
    queryKey: ["keys", scope],
    queryFn: ({ signal }) =>
      scope === ALL
        ? client.get("/v0/keys/", { signal })
        : client.get("/v0/namespace/{namespace}/keys/", { path: { namespace: scope }, signal }),
  });
}

export function useCreateKey(scope: string) {
  const { client } = useSession();
  const queries = useQueryClient();
  return useMutation({
    // The new key is kept nowhere but on the screen.
    gcTime: 0,
    mutationFn: (body: Schema<"CreateKeyRequest">) =>
      scope === ALL
        ? client.post("/v0/keys/", { body })
        : client.post("/v0/namespace/{namespace}/keys/", { path: { namespace: scope }, body }),
    onSuccess: () => void queries.invalidateQueries({ queryKey: ["keys"] }),
  });
}

export function useRevokeKey(scope: string) {
  const { client } = useSession();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (key_id: string) =>
      scope === ALL
        ? client.delete("/v0/key/{key_id}", { path: { key_id } })
        : client.delete("/v0/namespace/{namespace}/key/{key_id}", { path: { namespace: scope, key_id } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["keys"] }),
  });
}
