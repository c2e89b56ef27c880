import { useQuery } from "@tanstack/react-query";
import type { ApiClient } from "../api/client";
import type { StateSummary } from "../api/types";
import { useSession } from "../session/SessionContext";

/** How many of the newest runs the overview is made of. */
export const NEWEST = 1000;
/** Of how many of the newest failed runs the errors are read, and how many of each. */
const FAILED_RUNS = 20;
const ERRORS_EACH = 20;

export function useNewestRuns(namespace: string) {
  const { client } = useSession();
  return useQuery({
    queryKey: ["overview", namespace, "runs"],
    queryFn: ({ signal }) =>
      client.get("/v0/namespace/{namespace}/runs/{page}/{size}", {
        path: { namespace, page: 1, size: NEWEST },
        signal,
      }),
  });
}

export function useFailures(namespace: string, failedRuns: readonly string[] | undefined) {
  const { client } = useSession();
  const looked = failedRuns?.slice(0, FAILED_RUNS);
  return useQuery({
    queryKey: ["overview", namespace, "failures", looked],
    queryFn: ({ signal }) => readFailures(client, namespace, looked ?? [], signal),
    enabled: looked !== undefined,
  });
}

export function useQueues(namespace: string) {
  const { client } = useSession();
  return useQuery({
    queryKey: ["overview", namespace, "queues"],
    queryFn: ({ signal }) => client.get("/v0/namespace/{namespace}/queues/", { path: { namespace }, signal }),
  });
}

export function useRuntimes(namespace: string) {
  const { client } = useSession();
  return useQuery({
    queryKey: ["overview", namespace, "runtimes"],
    queryFn: ({ signal }) =>
      client.get("/v0/namespace/{namespace}/runtimes/", { path: { namespace }, signal }),
  });
}

async function readFailures(
  client: ApiClient,
  namespace: string,
  runs: readonly string[],
  signal: AbortSignal,
): Promise<{ runId: string; state: StateSummary }[]> {
  const pages = await Promise.all(
    runs.map(async (runId) => {
      const page = await client.get("/v0/namespace/{namespace}/run/{run_id}/states/", {
        path: { namespace, run_id: runId },
        query: { status: ["ERRORED", "NEXT_CREATED_ERROR"], limit: ERRORS_EACH },
        signal,
      });
      return page.states.map((state) => ({ runId, state }));
    }),
  );
  return pages.flat();
}
