import { useQuery } from "@tanstack/react-query";
import type { Run, State, StateSummary } from "../api/types";
import { useSession } from "../session/SessionContext";
import { triesAround } from "./tries";

const PAGE = 1000;
/** Among how many pages of retried states the tries before are looked for. */
const PAGES = 3;

/** The tries before and after a state. A record names the state that retries it; who it retries is found by that. */
export function useTries(namespace: string, run: Run, state: State) {
  const { client } = useSession();
  const anyRetried = run.nodes.some((node) => node.identifier === state.identifier && node.retried > 0);
  const found = useQuery({
    queryKey: ["run", namespace, run.run_id, "tries", state.identifier],
    queryFn: async ({ signal }) => {
      const retried: StateSummary[] = [];
      let cursor: string | null = "";
      for (let page = 0; page < PAGES && cursor !== null; page += 1) {
        const read: { states: StateSummary[]; next_cursor: string | null } = await client.get(
          "/v0/namespace/{namespace}/run/{run_id}/states/",
          {
            path: { namespace, run_id: run.run_id },
            query: {
              identifier: state.identifier,
              status: ["RETRY_CREATED"],
              limit: PAGE,
              ...(cursor ? { cursor } : {}),
            },
            signal,
          },
        );
        retried.push(...read.states);
        cursor = read.next_cursor;
      }
      return retried;
    },
    enabled: anyRetried || state.retry_count > 0 || Boolean(state.retried_by),
  });
  return triesAround(found.data ?? [], state.id);
}
