import { Link } from "react-router";
import { number } from "../kit/format";
import { Problem } from "../kit/Problem";
import { Spinner } from "../kit/Spinner";
import { runAt } from "../shell/addresses";
import { useBulkRetry } from "./useBulkRetry";

/** How far a retry of many runs has come, and what came of each. */
export function BulkRetryPanel({
  namespace,
  id,
  onClose,
}: {
  namespace: string;
  id: string;
  onClose(): void;
}) {
  const retry = useBulkRetry(namespace, id);
  const newest = retry.data?.pages.at(-1);
  const results = retry.data?.pages.flatMap((page) => page.runs) ?? [];
  const over = newest?.status === "FINISHED";
  return (
    <section className="card" aria-label="Retry of many runs">
      <div className="row">
        <h2>Retry of many runs</h2>
        {newest && (
          <span className={over ? "badge success" : "badge pending"}>{over ? "finished" : "under way"}</span>
        )}
        <span className="spring" />
        <button
          type="button"
          className="button quiet small"
          disabled={retry.isFetching}
          onClick={() => void retry.refetch()}
        >
          Refresh
        </button>
        <button type="button" className="button quiet small" onClick={onClose}>
          Close
        </button>
      </div>
      {retry.isError && <Problem error={retry.error} />}
      {retry.isPending && <Spinner what="Loading" />}
      {newest && (
        <p role="status">
          {number(newest.looked_at_count)} runs looked at, {number(newest.retried_count)} states retried,{" "}
          {number(newest.refused_count)} refused.
        </p>
      )}
      {over && results.length === 0 && <p className="hint">No failed run fitted.</p>}
      {results.length > 0 && (
        <div className="scroll results">
          <table className="table">
            <caption className="unseen">What came of each run</caption>
            <thead>
              <tr>
                <th scope="col">Run</th>
                <th scope="col" className="right">
                  Retried states
                </th>
                <th scope="col">Refused</th>
              </tr>
            </thead>
            <tbody>
              {results.map((result) => (
                <tr key={result.run_id}>
                  <td>
                    <Link to={runAt(namespace, result.run_id)} className="id">
                      {result.run_id}
                    </Link>
                  </td>
                  <td className="right">{number(result.retried_count)}</td>
                  <td className="wrap">{reasonsOf(result.refused)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {retry.hasNextPage && (
        <button
          type="button"
          className="button small"
          disabled={retry.isFetchingNextPage}
          onClick={() => void retry.fetchNextPage()}
        >
          Show more results
        </button>
      )}
    </section>
  );
}

/** Each reason once, with how many states it holds for. */
function reasonsOf(refused: Readonly<Record<string, string>>): string {
  const counts = new Map<string, number>();
  for (const why of Object.values(refused)) counts.set(why, (counts.get(why) ?? 0) + 1);
  return [...counts].map(([why, count]) => (count > 1 ? `${number(count)} × ${why}` : why)).join("; ");
}
