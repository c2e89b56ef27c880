import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useEffectEvent, useRef } from "react";
import type { NamespaceEvent } from "../api/watchNamespace";
import { useNamespaceEvents } from "../live/useNamespaceEvents";
import { useRested } from "../live/useRested";
import { useSession } from "../session/SessionContext";
import { queryOf, type RunFilter, searchOf } from "./filter";
import { type RunPages, renewed, rowsOf, told } from "./pages";

/** How many runs the first page has when nothing is left out: it is soon there. */
export const PAGE = 100;
/** How many the pages have that somebody scrolls to. */
const NEXT_PAGE = 500;
/** Of a list that somebody scrolled far down, how many of the newest are kept right. */
const MOST_RENEWED = 1000;
const RENEWED_EVERY_MS = 1000;

/** The runs that fit a filter, newest first, page by page; what begins and ends meanwhile is taken in. */
export function useRunPages(namespace: string, filter: RunFilter) {
  const { client } = useSession();
  const queries = useQueryClient();
  const filterKey = searchOf(filter).toString();
  const queryKey = ["runs", namespace, filterKey];
  /** How many runs can have begun since the newest ones were read; infinite after a time without events. */
  const began = useRef(Number.POSITIVE_INFINITY);

  const find = (cursor: string, limit: number, signal?: AbortSignal) =>
    client.get("/v0/namespace/{namespace}/runs/", {
      path: { namespace },
      query: { ...queryOf(filter, Date.now()), limit, ...(cursor && { cursor }) },
      ...(signal && { signal }),
    });

  const runs = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam, signal }) => find(pageParam, pageParam ? NEXT_PAGE : PAGE, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor,
    // All its pages anew would be a thousand calls: it is renewed from its head.
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  });

  // A page that is under way is put to the list as it was before: what changes the list waits for it.
  const settled = () =>
    queries
      .getQueryCache()
      .find<RunPages>({ queryKey, exact: true })
      ?.promise?.catch(() => undefined);

  const renew = async () => {
    await settled();
    const before = queries.getQueryData<RunPages>(queryKey);
    if (before === undefined) return;
    const mostNew = began.current;
    began.current = 0;
    const limit = Math.min(MOST_RENEWED, Math.max(PAGE, rowsOf(before.pages).length));
    try {
      const head = await find("", limit);
      await settled();
      queries.setQueryData<RunPages>(queryKey, (list) => list && renewed(list, head, mostNew));
    } catch (fault) {
      began.current = Number.POSITIVE_INFINITY;
      throw fault;
    }
  };
  const askRenewal = useRested(renew, RENEWED_EVERY_MS);
  useNamespaceEvents((event: NamespaceEvent) => {
    if (event.event === "begin") began.current = Number.POSITIVE_INFINITY;
    else if (event.event === "runs") {
      began.current += event.count;
      const statuses = new Map(event.runs.map((run) => [run.run_id, run.status]));
      queries.setQueryData<RunPages>(queryKey, (list) => list && told(list, statuses));
    } else return;
    askRenewal();
  });

  const renewIfRead = () => {
    if (queries.getQueryData(queryKey) !== undefined) askRenewal();
  };
  const look = useEffectEvent(renewIfRead);
  useEffect(() => {
    began.current = Number.POSITIVE_INFINITY;
    // A list that is shown again is as old as when it was left.
    look();
    const again = () => look();
    window.addEventListener("focus", again);
    return () => window.removeEventListener("focus", again);
  }, [namespace, filterKey]);

  return { ...runs, renew: renewIfRead };
}
