import { useQuery } from "@tanstack/react-query";
import type { Run, State } from "../api/types";
import { useSession } from "../session/SessionContext";
import type { LiveState } from "./live";

/**
 * All about one state.
 *
 * @param id of the state; empty for none.
 * @param told how it stands as it was told last: there may be more to read then.
 */
export function useDetails(namespace: string, run: Run, id: string, told?: LiveState) {
  const { client } = useSession();
  return useQuery<State>({
    queryKey: ["run", namespace, run.run_id, "state", id, told?.status, told?.attempt],
    queryFn: ({ signal }) =>
      client.get("/v0/namespace/{namespace}/graph/{graph_name}/run/{run_id}/node/{state_id}", {
        path: { namespace, graph_name: run.graph_name, run_id: run.run_id, state_id: id },
        signal,
      }),
    placeholderData: (before) => (before?.id === id ? before : undefined),
    enabled: id !== "",
  });
}
