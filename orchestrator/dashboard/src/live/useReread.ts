import { type QueryKey, useQueryClient } from "@tanstack/react-query";
import { useNamespaceEvents } from "./useNamespaceEvents";
import { useRested } from "./useRested";

const RUNS_REST_MS = 1000;
/** Figures come every 2 s. */
const FIGURES_REST_MS = 2000;

export interface Reread {
  /** What may have changed while nothing was told. */
  begin: readonly QueryKey[];
  /** What changes with runs that begin and end. */
  runs: readonly QueryKey[];
  /** What changes with how much waits and runs. */
  figures: readonly QueryKey[];
}

/** Read what a page shows anew when something has happened in the namespace. */
export function useReread(what: Reread) {
  const queries = useQueryClient();
  const reread = (keys: readonly QueryKey[]) =>
    Promise.all(keys.map((queryKey) => queries.invalidateQueries({ queryKey })));
  const askRuns = useRested(() => reread(what.runs), RUNS_REST_MS);
  const askFigures = useRested(() => reread(what.figures), FIGURES_REST_MS);
  return useNamespaceEvents((event) => {
    if (event.event === "begin") void reread(what.begin);
    else if (event.event === "runs") askRuns();
    else askFigures();
  });
}
