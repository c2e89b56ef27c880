import { useQuery } from "@tanstack/react-query";
import type { Run, State } from "../api/types";
import { useSession } from "../session/SessionContext";

/** The state that a run began with, which is the first of its states; null when it is gone. */
export function useRootState(namespace: string, run: Run, wanted: boolean) {
  const { client } = useSession();
  return useQuery<State | null>({
    queryKey: ["run", namespace, run.run_id, "root"],
    queryFn: async ({ signal }) => {
      const path = { namespace, run_id: run.run_id };
      const first = await client.get("/v0/namespace/{namespace}/run/{run_id}/states/", {
        path,
        query: { limit: 1 },
        signal,
      });
      const id = first.states[0]?.id;
      if (id === undefined) return null;
      return client.get("/v0/namespace/{namespace}/graph/{graph_name}/run/{run_id}/node/{state_id}", {
        path: { ...path, graph_name: run.graph_name, state_id: id },
        signal,
      });
    },
    enabled: wanted,
  });
}
