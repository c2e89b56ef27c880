import { lazy, Suspense, useState } from "react";
import { Link, useParams, useSearchParams } from "react-router";
import type { Graph } from "../api/types";
import { CopyButton } from "../kit/CopyButton";
import { DownloadButton } from "../kit/DownloadButton";
import { Problem } from "../kit/Problem";
import { Spinner } from "../kit/Spinner";
import { Time } from "../kit/Time";
import { useTitle } from "../kit/useTitle";
import { useVersion } from "../run/useRun";
import { useMay } from "../session/SessionContext";
import { graphsAt, runsAt } from "../shell/addresses";
import { useNamespace } from "../shell/useNamespace";
import { GraphFacts } from "./GraphFacts";
import { NodeFacts } from "./NodeFacts";
import { sourceOf } from "./source";
import { TriggerDialog } from "./TriggerDialog";
import { useGraph, useVersions } from "./useGraphs";
import { Validation } from "./Validation";

const GraphPicture = lazy(() => import("../picture/GraphPicture"));

export function GraphPage() {
  const namespace = useNamespace();
  const { graphName = "" } = useParams();
  useTitle(graphName);
  const graph = useGraph(namespace, graphName);
  if (graph.isPending) return <Spinner what="Loading the graph" />;
  if (graph.data === undefined) {
    return (
      <>
        <Problem error={graph.error} onRetry={() => void graph.refetch()} />
        <Link to={graphsAt(namespace)}>All graphs</Link>
      </>
    );
  }
  return <Found key={graphName} namespace={namespace} newest={graph.data} />;
}

function Found({ namespace, newest }: { namespace: string; newest: Graph }) {
  const mayStart = useMay("steer");
  const [search, setSearch] = useSearchParams();
  const [starting, setStarting] = useState(false);
  const asked = Number(search.get("version") ?? newest.version);
  const older = useVersion(namespace, asked === newest.version ? undefined : newest.name, asked);
  const shown = asked === newest.version ? newest : older.data;
  const chosen = search.get("node") ?? "";
  const change = (name: string, value: string) =>
    setSearch(
      (before) => {
        const after = new URLSearchParams(before);
        if (value) after.set(name, value);
        else after.delete(name);
        return after;
      },
      { replace: true },
    );
  const node = shown?.nodes.find((one) => one.identifier === chosen);
  return (
    <>
      <nav aria-label="Way here" className="hint">
        <Link to={graphsAt(namespace)}>Graphs</Link>
      </nav>
      <div className="row head">
        <h1>{newest.name}</h1>
        <Validation graph={newest} />
        <span className="spring" />
        <Link className="button" to={`${runsAt(namespace)}?graph=${encodeURIComponent(newest.name)}`}>
          Its runs
        </Link>
        {mayStart && (
          <button
            type="button"
            className="button primary"
            disabled={newest.validation_status !== "VALID" || newest.paused}
            onClick={() => setStarting(true)}
          >
            Start a run
          </button>
        )}
      </div>
      <p className="row hint facts">
        <VersionChoice
          namespace={namespace}
          graph={newest}
          shown={asked}
          onChoose={(text) => change("version", text)}
        />
        <span>
          changed <Time at={newest.updated_at} />
        </span>
      </p>
      {newest.validation_errors.length > 0 && (
        <div className="notice bad" role="alert">
          <p>This graph can't run:</p>
          <ul>
            {newest.validation_errors.map((error) => (
              <li key={error}>{error}</li>
            ))}
          </ul>
        </div>
      )}
      {older.isError && asked !== newest.version && <Problem error={older.error} />}
      {shown === undefined && !older.isError && <Spinner what="Loading the version" />}
      {shown && (
        <>
          <Suspense fallback={<div className="picture" />}>
            <GraphPicture
              key={shown.version}
              nodes={shown.nodes}
              countsOf={null}
              chosen={chosen}
              onChoose={(identifier) => change("node", identifier)}
            />
          </Suspense>
          {node && <NodeFacts node={node} />}
          <GraphFacts namespace={namespace} graph={shown} />
          <section className="card">
            <h2 className="row">
              Source <span className="spring" />
              <CopyButton text={sourceOf(shown)} what="the source of the graph" />
              <DownloadButton text={sourceOf(shown)} name={`${shown.name}.json`} kind="application/json" />
            </h2>
            <details>
              <summary>Show it as JSON, without the values of its secrets</summary>
              <pre>{sourceOf(shown)}</pre>
            </details>
          </section>
        </>
      )}
      {starting && <TriggerDialog namespace={namespace} graph={newest} onClose={() => setStarting(false)} />}
    </>
  );
}

function VersionChoice({
  namespace,
  graph,
  shown,
  onChoose,
}: {
  namespace: string;
  graph: Graph;
  shown: number;
  onChoose(version: string): void;
}) {
  const versions = useVersions(namespace, graph.name);
  const known = new Set([graph.version, shown, ...(versions.data?.versions.map((one) => one.version) ?? [])]);
  return (
    <label className="row">
      Version
      <select
        value={shown}
        onChange={(event) => onChoose(event.target.value === String(graph.version) ? "" : event.target.value)}
      >
        {[...known]
          .sort((one, other) => other - one)
          .map((version) => (
            <option key={version} value={version}>
              {version}
              {version === graph.version && " (newest)"}
            </option>
          ))}
      </select>
    </label>
  );
}
