import { useState } from "react";
import { Link, useSearchParams } from "react-router";
import type { RunSummary } from "../api/types";
import { CountsBar } from "../kit/CountsBar";
import { Empty } from "../kit/Empty";
import { number, short } from "../kit/format";
import { Problem } from "../kit/Problem";
import { Spinner } from "../kit/Spinner";
import { StatusBadge } from "../kit/StatusBadge";
import { Time } from "../kit/Time";
import { useTitle } from "../kit/useTitle";
import { useMay } from "../session/SessionContext";
import { graphAt, graphsAt, runAt } from "../shell/addresses";
import { useNamespace } from "../shell/useNamespace";
import { BulkActions } from "./BulkActions";
import { filterOf, narrows } from "./filter";
import { RunFilters } from "./RunFilters";
import { gathered } from "./scan";
import { useRuns } from "./useRuns";

export function RunsPage() {
  useTitle("Runs");
  const namespace = useNamespace();
  const maySteer = useMay("steer");
  const [search, setSearch] = useSearchParams();
  const [ticked, setTicked] = useState<ReadonlySet<string>>(new Set());
  const runs = useRuns(namespace, search.toString(), () => filterOf(search, Date.now()));
  const rows = gathered(runs.data?.pages ?? []);
  const last = runs.data?.pages.at(-1);
  const chosen = rows.filter((run) => ticked.has(run.run_id));
  const change = (name: string, value: string) => {
    setTicked(new Set());
    setSearch(
      (before) => {
        const after = new URLSearchParams(before);
        if (value) after.set(name, value);
        else after.delete(name);
        return after;
      },
      { replace: true },
    );
  };
  return (
    <>
      <div className="row head">
        <h1>Runs</h1>
        <span className="spring" />
        <button
          type="button"
          className="button"
          disabled={runs.isFetching}
          onClick={() => void runs.refetch()}
        >
          {runs.isFetching ? "Looking…" : "Refresh"}
        </button>
      </div>
      <RunFilters namespace={namespace} search={search} onChange={change} />
      <BulkActions namespace={namespace} chosen={chosen} onDone={() => setTicked(new Set())} />
      {runs.isError && <Problem error={runs.error} onRetry={() => void runs.refetch()} />}
      {runs.isPending && <Spinner what="Loading runs" />}
      {rows.length > 0 && (
        <RunTable
          namespace={namespace}
          runs={rows}
          ticked={maySteer ? ticked : null}
          onTick={(ids, on) => setTicked((before) => toggled(before, ids, on))}
        />
      )}
      {last && rows.length === 0 && <Nothing namespace={namespace} filtered={narrows(filterOf(search, 0))} />}
      {last && (
        <p className="row hint">
          {narrows(filterOf(search, 0))
            ? `${number(rows.length)} fit of the newest ${number(last.lookedAt)} of ${number(last.total)} runs.`
            : `${number(rows.length)} of ${number(last.total)} runs.`}
          {runs.hasNextPage && (
            <button
              type="button"
              className="button"
              disabled={runs.isFetchingNextPage}
              onClick={() => void runs.fetchNextPage()}
            >
              {runs.isFetchingNextPage ? "Looking…" : "Look further back"}
            </button>
          )}
        </p>
      )}
    </>
  );
}

function RunTable({
  namespace,
  runs,
  ticked,
  onTick,
}: {
  namespace: string;
  runs: readonly RunSummary[];
  /** null where nothing can be ticked. */
  ticked: ReadonlySet<string> | null;
  onTick(ids: string[], on: boolean): void;
}) {
  const all = runs.map((run) => run.run_id);
  return (
    <div className="scroll">
      <table className="table">
        <thead>
          <tr>
            {ticked && (
              <th className="tick">
                <input
                  type="checkbox"
                  aria-label="Choose all"
                  checked={all.every((id) => ticked.has(id))}
                  onChange={(event) => onTick(all, event.target.checked)}
                />
              </th>
            )}
            <th>Run</th>
            <th>Graph</th>
            <th>Status</th>
            <th className="wide">States</th>
            <th className="right">Count</th>
            <th>Created</th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <tr key={run.run_id}>
              {ticked && (
                <td className="tick">
                  <input
                    type="checkbox"
                    aria-label={`Choose run ${run.run_id}`}
                    checked={ticked.has(run.run_id)}
                    onChange={(event) => onTick([run.run_id], event.target.checked)}
                  />
                </td>
              )}
              <td>
                <Link to={runAt(namespace, run.run_id)} title={run.run_id} className="id">
                  {short(run.run_id)}
                </Link>
              </td>
              <td>
                <Link to={graphAt(namespace, run.graph_name)}>{run.graph_name}</Link>
              </td>
              <td>
                <StatusBadge status={run.status} />
              </td>
              <td className="wide">
                <CountsBar
                  counts={{
                    success: run.success_count,
                    pending: run.pending_count,
                    errored: run.errored_count,
                    retried: run.retried_count,
                    cancelled: run.cancelled_count ?? 0,
                    total: run.total_count,
                  }}
                />
              </td>
              <td className="right">{number(run.total_count)}</td>
              <td>
                <Time at={run.created_at} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Nothing({ namespace, filtered }: { namespace: string; filtered: boolean }) {
  if (filtered) return <Empty title="No run fits">Leave a filter out, or look further back.</Empty>;
  return (
    <Empty title="No runs yet">
      <p>
        Start one from the page of a <Link to={graphsAt(namespace)}>graph</Link>, or in a terminal:
      </p>
      <pre>exosphere run start my-graph --wait</pre>
    </Empty>
  );
}

function toggled(before: ReadonlySet<string>, ids: readonly string[], on: boolean): ReadonlySet<string> {
  const after = new Set(before);
  for (const id of ids) {
    if (on) after.add(id);
    else after.delete(id);
  }
  return after;
}
