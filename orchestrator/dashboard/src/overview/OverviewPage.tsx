import { useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link } from "react-router";
import type { Queue, Runtime, Schedule } from "../api/types";
import { useSchedules } from "../graphs/useGraphs";
import { Empty } from "../kit/Empty";
import { duration, number } from "../kit/format";
import { Problem } from "../kit/Problem";
import { Spinner } from "../kit/Spinner";
import { Time } from "../kit/Time";
import { useTitle } from "../kit/useTitle";
import { graphAt, graphsAt, runAt, runsAt } from "../shell/addresses";
import { useNamespace } from "../shell/useNamespace";
import { type Failure, grouped } from "./activity";
import { RunsChart } from "./RunsChart";
import { NEWEST, useFailures, useNewestRuns, useQueues, useRuntimes } from "./useOverview";

export function OverviewPage() {
  useTitle("Overview");
  const namespace = useNamespace();
  const queries = useQueryClient();
  const runs = useNewestRuns(namespace);
  const failedRuns = runs.data?.runs.filter((run) => run.status === "FAILED").map((run) => run.run_id);
  const failures = useFailures(namespace, failedRuns);
  const queues = useQueues(namespace);
  const runtimes = useRuntimes(namespace);
  const schedules = useSchedules(namespace);
  return (
    <>
      <div className="row head">
        <h1>Overview</h1>
        <span className="spring" />
        <button
          type="button"
          className="button"
          disabled={runs.isFetching}
          onClick={() => {
            void queries.invalidateQueries({ queryKey: ["overview", namespace] });
            void queries.invalidateQueries({ queryKey: ["schedules", namespace] });
          }}
        >
          Refresh
        </button>
      </div>
      <section className="card">
        <h2>
          Runs{" "}
          {runs.data && runs.data.total > NEWEST && (
            <span className="hint">
              the newest {number(NEWEST)} of {number(runs.data.total)}
            </span>
          )}
        </h2>
        <Answer query={runs}>
          {(found) =>
            found.total === 0 ? (
              <Empty title="No runs yet">
                <p>
                  Start one from the page of a <Link to={graphsAt(namespace)}>graph</Link>.
                </p>
              </Empty>
            ) : (
              <RunsChart runs={found.runs} now={runs.dataUpdatedAt} />
            )
          }
        </Answer>
      </section>
      <div className="cards wide-cards">
        <section className="card">
          <h2>Failures</h2>
          <Answer query={failures}>
            {(found) => <Failures namespace={namespace} failures={grouped(found)} />}
          </Answer>
          <p className="hint">
            Of the newest failed runs. <Link to={`${runsAt(namespace)}?status=FAILED`}>All of them</Link>
          </p>
        </section>
        <section className="card">
          <h2>Queues</h2>
          <Answer query={queues}>{(found) => <Queues queues={found.queues} />}</Answer>
        </section>
        <section className="card">
          <h2>Runtimes</h2>
          <Answer query={runtimes}>{(found) => <Runtimes runtimes={found.runtimes} />}</Answer>
        </section>
        <section className="card">
          <h2>Due next</h2>
          <Answer query={schedules}>
            {(found) => <Due namespace={namespace} schedules={found.schedules} />}
          </Answer>
        </section>
      </div>
    </>
  );
}

interface Asked<T> {
  data: T | undefined;
  error: unknown;
  isError: boolean;
  refetch(): unknown;
}

function Answer<T>({ query, children }: { query: Asked<T>; children(data: T): ReactNode }) {
  if (query.data !== undefined) return children(query.data);
  return query.isError ? (
    <Problem error={query.error} onRetry={() => void query.refetch()} />
  ) : (
    <Spinner what="Loading" />
  );
}

function Failures({ namespace, failures }: { namespace: string; failures: readonly Failure[] }) {
  if (failures.length === 0) return <p className="hint">none</p>;
  return (
    <ul className="plain">
      {failures.slice(0, 8).map((failure) => (
        <li key={failure.stateId} className="failure">
          <Link to={`${runAt(namespace, failure.runId)}?state=${encodeURIComponent(failure.stateId)}`}>
            {failure.text}
          </Link>
          <span className="hint">
            {number(failure.count)} × in {failure.identifiers.join(", ")}, last <Time at={failure.newest} />
          </span>
        </li>
      ))}
    </ul>
  );
}

function Queues({ queues }: { queues: readonly Queue[] }) {
  if (queues.length === 0) return <p className="hint">none: no runtime has registered a node here</p>;
  const busiest = [...queues]
    .sort((one, other) => other.depth + other.running - one.depth - one.running)
    .slice(0, 10);
  return (
    <table className="table small">
      <thead>
        <tr>
          <th>Node</th>
          <th className="right">Waiting</th>
          <th className="right">Oldest</th>
          <th className="right">Running</th>
        </tr>
      </thead>
      <tbody>
        {busiest.map((queue) => (
          <tr key={queue.node_name}>
            <td>
              {queue.node_name} {queue.paused && <span className="badge retried">paused</span>}
            </td>
            <td className="right">{number(queue.depth)}</td>
            <td className="right">{queue.oldest_age_ms === null ? "" : duration(queue.oldest_age_ms)}</td>
            <td className="right">{number(queue.running)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Runtimes({ runtimes }: { runtimes: readonly Runtime[] }) {
  if (runtimes.length === 0) {
    return (
      <Empty title="No runtime is there">
        <p>Nothing is executed without one:</p>
        <pre>exosphere worker my_nodes:runtime</pre>
      </Empty>
    );
  }
  return (
    <ul className="plain">
      {runtimes.map((runtime) => (
        <li key={runtime.id} className="row">
          <span className={`badge ${runtime.alive ? "success" : "errored"}`}>
            {runtime.alive ? "alive" : "gone"}
          </span>
          <span title={runtime.id}>{runtime.runtime_name ?? runtime.id}</span>
          <span className="spring" />
          <span className="hint">runs {number(runtime.running)}</span>
        </li>
      ))}
    </ul>
  );
}

function Due({ namespace, schedules }: { namespace: string; schedules: readonly Schedule[] }) {
  const next = schedules
    .filter((one) => one.next_due !== null && !one.paused)
    .sort((one, other) => (one.next_due ?? "").localeCompare(other.next_due ?? ""))
    .slice(0, 8);
  if (next.length === 0) return <p className="hint">nothing</p>;
  return (
    <ul className="plain">
      {next.map((one) => (
        <li key={`${one.graph_name} ${one.index}`} className="row">
          <Link to={graphAt(namespace, one.graph_name)}>{one.graph_name}</Link>
          <code>{one.expression}</code>
          <span className="spring" />
          {one.next_due && <Time at={one.next_due} />}
        </li>
      ))}
    </ul>
  );
}
