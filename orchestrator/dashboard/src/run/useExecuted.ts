import { useQuery } from "@tanstack/react-query";
import type { Run, State } from "../api/types";
import { useSession } from "../session/SessionContext";
import { executedFor, isFurtherOutput } from "./furtherOutput";

/** The picture of a run with more states than this is too much to read for one fact. */
const MOST_STATES = 5000;

/** Of a state that keeps a further output: which one was executed; null where that can't be told. */
export function useExecuted(namespace: string, run: Run, state: State): string | null {
  const { client } = useSession();
  const structure = useQuery({
    queryKey: ["run", namespace, run.run_id, "structure"],
    queryFn: ({ signal }) =>
      client.get("/v0/namespace/{namespace}/states/run/{run_id}/graph", {
        path: { namespace, run_id: run.run_id },
        signal,
      }),
    enabled: isFurtherOutput(state) && run.total_count <= MOST_STATES,
  });
  return structure.data ? executedFor(structure.data, state.id) : null;
}
