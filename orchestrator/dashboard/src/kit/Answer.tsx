import type { ReactNode } from "react";
import { Problem } from "./Problem";
import { Spinner } from "./Spinner";

interface Asked<T> {
  data: T | undefined;
  error: unknown;
  isError: boolean;
  refetch(): unknown;
}

/** What was asked for: the answer as it was last told, why there is none, or that it is on its way. */
export function Answer<T>({ query, children }: { query: Asked<T>; children(data: T): ReactNode }) {
  if (query.data !== undefined) return children(query.data);
  return query.isError ? (
    <Problem error={query.error} onRetry={() => void query.refetch()} />
  ) : (
    <Spinner what="Loading" />
  );
}
