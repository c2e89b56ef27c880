import * as Ariakit from "@ariakit/react";
import { lazy, Suspense } from "react";
import { Link, useLocation, useParams, useSearchParams } from "react-router";
import type { Graph } from "../api/types";
import { Problem } from "../kit/Problem";
import { Spinner } from "../kit/Spinner";
import { Time } from "../kit/Time";
import { useTitle } from "../kit/useTitle";
import { useVersion } from "../run/useRun";
import { graphsAt } from "../shell/addresses";
import { useNamespace } from "../shell/useNamespace";
import { GraphActions } from "./GraphActions";
import { GraphFacts } from "./GraphFacts";
import { NodeFacts } from "./NodeFacts";
import { Schedules } from "./Schedules";
import { useGraph, useVersions } from "./useGraphs";
import { Validation } from "./Validation";
import { loaded } from "../shell/loaded";

const GraphPicture = lazy(() => loaded(() => import("../picture/GraphPicture")));
const Versions = lazy(() => loaded(() => import("./Versions")));
const Source = lazy(() => loaded(() => import("./Source")));

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
  const [search, setSearch] = useSearchParams();
  const asked = Number(search.get("version") ?? newest.version);
  const older = useVersion(namespace, asked === newest.version ? undefined : newest.name, asked);
  const shown = asked === newest.version ? newest : older.data;
  const chosen = search.get("node") ?? "";
  const change = (changes: Record<string, string>) =>
    setSearch(
      (before) => {
        const after = new URLSearchParams(before);
        for (const [name, value] of Object.entries(changes)) {
          if (value) after.set(name, value);
          else after.delete(name);
        }
        return after;
      },
      { replace: true },
    );
  const show = (version: number) =>
    change({ version: version === newest.version ? "" : String(version), node: "" });
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
        <GraphActions namespace={namespace} graph={newest} />
      </div>
      <p className="row hint facts">
        <VersionChoice namespace={namespace} graph={newest} shown={asked} onChoose={show} />
        <span>
          changed <Time at={newest.updated_at} />
        </span>
        {newest.paused && newest.paused_at && (
          <span>
            paused <Time at={newest.paused_at} />
          </span>
        )}
      </p>
      <Saved version={newest.version} />
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
              onChoose={(identifier) => change({ node: identifier })}
            />
          </Suspense>
          {node && <NodeFacts node={node} />}
        </>
      )}
      <Ariakit.TabProvider
        selectedId={search.get("tab") ?? "about"}
        setSelectedId={(id) => change({ tab: id && id !== "about" ? id : "" })}
      >
        <Ariakit.TabList className="tabs" aria-label="Details of the graph">
          <Ariakit.Tab id="about">About</Ariakit.Tab>
          <Ariakit.Tab id="schedules">Schedules</Ariakit.Tab>
          <Ariakit.Tab id="versions">Versions</Ariakit.Tab>
          <Ariakit.Tab id="source">Source</Ariakit.Tab>
        </Ariakit.TabList>
        <Ariakit.TabPanel tabId="about" unmountOnHide>
          {shown && <GraphFacts namespace={namespace} graph={shown} />}
        </Ariakit.TabPanel>
        <Ariakit.TabPanel tabId="schedules" unmountOnHide>
          <Schedules namespace={namespace} graph={newest.name} />
        </Ariakit.TabPanel>
        <Ariakit.TabPanel tabId="versions" unmountOnHide>
          <Suspense fallback={<Spinner what="Loading" />}>
            <Versions
              namespace={namespace}
              graph={newest.name}
              compared={search.get("compare") ?? ""}
              onCompare={(compare) => change({ compare })}
              onShow={show}
            />
          </Suspense>
        </Ariakit.TabPanel>
        <Ariakit.TabPanel tabId="source" unmountOnHide>
          <Suspense fallback={<Spinner what="Loading" />}>{shown && <Source graph={shown} />}</Suspense>
        </Ariakit.TabPanel>
      </Ariakit.TabProvider>
    </>
  );
}

/** What came of saving, for who has just done that. */
function Saved({ version }: { version: number }) {
  const state: unknown = useLocation().state;
  if (typeof state !== "object" || state === null || !("saved" in state) || state.saved !== version)
    return null;
  return (
    <div className="notice good" role="status">
      <p>
        {"unchanged" in state && state.unchanged === true
          ? `Nothing was different: this is still version ${version}.`
          : `Saved as version ${version}. New runs take it; runs that have begun keep theirs.`}
      </p>
    </div>
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
  onChoose(version: number): void;
}) {
  const versions = useVersions(namespace, graph.name);
  const listed = versions.data?.pages.flatMap((page) => page.versions.map((one) => one.version)) ?? [];
  const known = new Set([graph.version, shown, ...listed]);
  return (
    <label className="row">
      Version
      <select value={shown} onChange={(event) => onChoose(Number(event.target.value))}>
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
