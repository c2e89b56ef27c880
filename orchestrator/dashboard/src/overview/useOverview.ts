import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import type { ApiClient } from "../api/client";
import type { RunSummary, StateSummary } from "../api/types";
import { useSession } from "../session/SessionContext";

/** How many of the newest runs are counted. */
export const NEWEST = 1000;
/** Of how many of the newest failed runs the errors are read, and how many of each. */
const FAILED_RUNS = 20;
const ERRORS_EACH = 20;
/** A run that has failed changes only when somebody retries it, and then its counts do. */
const ERRORS_FRESH_MS = 600_000;

/** The newest runs of a time back from now, in ms. */
export function useNewestRuns(namespace: string, backMs: number) {
  const { client } = useSession();
  return useQuery({
    queryKey: ["namespace", namespace, "newest", backMs],
    queryFn: ({ signal }) =>
      client.get("/v0/namespace/{namespace}/runs/", {
        path: { namespace },
        query: { limit: NEWEST, created_after: new Date(Date.now() - backMs).toISOString() },
        signal,
      }),
  });
}

/** The failed states of the newest failed runs of a time back from now. */
export function useFailures(namespace: string, backMs: number) {
  const { client } = useSession();
  const queries = useQueryClient();
  return useQuery({
    queryKey: ["namespace", namespace, "failures", backMs],
    queryFn: async ({ signal }) => {
      const failed = await client.get("/v0/namespace/{namespace}/runs/", {
        path: { namespace },
        query: {
          status: ["FAILED"],
          limit: FAILED_RUNS,
          created_after: new Date(Date.now() - backMs).toISOString(),
        },
        signal,
      });
      const errors = await Promise.all(failed.runs.map((run) => errorsOf(queries, client, namespace, run)));
      return errors.flat();
    },
  });
}

function errorsOf(
  queries: QueryClient,
  client: ApiClient,
  namespace: string,
  run: RunSummary,
): Promise<{ runId: string; state: StateSummary }[]> {
  const { run_id, errored_count, total_count } = run;
  return queries.fetchQuery({
    queryKey: ["errors", namespace, run_id, errored_count, total_count],
    queryFn: async ({ signal }) => {
      const page = await client.get("/v0/namespace/{namespace}/run/{run_id}/states/", {
        path: { namespace, run_id },
        query: { status: ["ERRORED", "NEXT_CREATED_ERROR"], limit: ERRORS_EACH },
        signal,
      });
      return page.states.map((state) => ({ runId: run_id, state }));
    },
    staleTime: ERRORS_FRESH_MS,
  });
}
