import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useMemo } from "react";
import { Link, useParams, useSearchParams } from "react-router";
import type { Run, Status } from "../api/types";
import { Problem } from "../kit/Problem";
import { Spinner } from "../kit/Spinner";
import { useTitle } from "../kit/useTitle";
import { graphAt, runsAt } from "../shell/addresses";
import { useNamespace } from "../shell/useNamespace";
import { type Counts, countsOf, NOTHING } from "./classes";
import { RunDetails } from "./RunDetails";
import { RunHead } from "./RunHead";
import type { StateFilter } from "./rows";
import { StatePanel } from "./StatePanel";
import { useLiveRun } from "./useLiveRun";
import { useRun, useVersion } from "./useRun";
import { loaded } from "../shell/loaded";

const GraphPicture = lazy(() => loaded(() => import("../picture/GraphPicture")));

export function RunPage() {
  const namespace = useNamespace();
  const { runId = "" } = useParams();
  const run = useRun(namespace, runId);
  useTitle(run.data ? `${run.data.graph_name} ${run.data.status.toLowerCase()}` : "Run");
  if (run.isPending) return <Spinner what="Loading the run" />;
  if (run.data === undefined) {
    return (
      <>
        <Problem error={run.error} onRetry={() => void run.refetch()} />
        <Link to={runsAt(namespace)}>All runs</Link>
      </>
    );
  }
  return <Found key={runId} namespace={namespace} run={run.data} />;
}

function Found({ namespace, run }: { namespace: string; run: Run }) {
  const queries = useQueryClient();
  const [search, setSearch] = useSearchParams();
  const version = useVersion(namespace, run.graph_name, run.version);
  const pending = run.status === "PENDING";
  const watching = useLiveRun(namespace, run.run_id, pending);
  const { live, stream } = watching;
  const ended = live.whole && live.status !== "" && live.status !== "PENDING";
  useEffect(() => {
    // What the events do not tell, such as errors and outputs, is read once more when all of it is there.
    if (ended || stream === "ended")
      void queries.invalidateQueries({ queryKey: ["run", namespace, run.run_id] });
  }, [ended, stream, queries, namespace, run.run_id]);

  const listed = useMemo(
    () => new Map(run.nodes.map((node) => [node.identifier, countsOf(node)])),
    [run.nodes],
  );
  const watched = pending && live.whole;
  const counts = (identifier: string): Counts =>
    watched ? live.counts(identifier) : (listed.get(identifier) ?? NOTHING);

  const filter: StateFilter = {
    identifier: search.get("node") ?? "",
    statuses: search.getAll("status") as Status[],
  };
  const change = (changes: Record<string, string | readonly string[]>) =>
    setSearch(
      (before) => {
        const after = new URLSearchParams(before);
        for (const [name, value] of Object.entries(changes)) {
          after.delete(name);
          for (const one of [value].flat()) if (one) after.append(name, one);
        }
        return after;
      },
      { replace: true },
    );
  const chosen = search.get("state") ?? "";
  return (
    <div className={chosen ? "run with-panel" : "run"}>
      <div className="run-main">
        <RunHead
          namespace={namespace}
          run={run}
          watching={watching}
          counts={watched ? live.total() : totalOf(run)}
        />
        {version.data && (
          <Suspense fallback={<div className="picture" />}>
            <GraphPicture
              nodes={version.data.nodes}
              countsOf={counts}
              chosen={filter.identifier}
              onChoose={(node) => change({ node })}
            />
          </Suspense>
        )}
        {version.isError && (
          <p className="hint">
            Version {run.version} of <Link to={graphAt(namespace, run.graph_name)}>{run.graph_name}</Link> is
            not kept any more, so there is no picture of it.
          </p>
        )}
        <RunDetails
          namespace={namespace}
          run={run}
          live={live}
          countsOf={counts}
          filter={filter}
          tab={search.get("tab") ?? "states"}
          chosen={chosen}
          onChange={change}
        />
      </div>
      {chosen && (
        <StatePanel
          namespace={namespace}
          run={run}
          stateId={chosen}
          // What is told of it may have more to show now.
          told={live.states.get(chosen)}
          onChoose={(state) => change({ state })}
        />
      )}
    </div>
  );
}

function totalOf(run: Run): Counts {
  return {
    success: run.success_count,
    pending: run.pending_count,
    errored: run.errored_count,
    retried: run.retried_count,
    cancelled: run.cancelled_count ?? 0,
    total: run.total_count,
  };
}
