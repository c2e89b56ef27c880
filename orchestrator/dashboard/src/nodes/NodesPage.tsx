import { useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useSearchParams } from "react-router";
import { useFigures } from "../figures/useFigures";
import { Answer } from "../kit/Answer";
import { AsOf } from "../kit/AsOf";
import { Empty } from "../kit/Empty";
import { number } from "../kit/format";
import { Problem } from "../kit/Problem";
import { useTitle } from "../kit/useTitle";
import { LiveBadge } from "../live/LiveBadge";
import { useReread } from "../live/useReread";
import { useQueues } from "../queues/useQueues";
import { NoRuntimes } from "../runtimes/NoRuntimes";
import { RuntimesTable } from "../runtimes/RuntimesTable";
import { useRuntimes } from "../runtimes/useRuntimes";
import { useNamespace } from "../shell/useNamespace";
import { NodePanel } from "./NodePanel";
import { NodesTable } from "./NodesTable";
import { COLUMNS, matching, nodeRows, sorted } from "./rows";
import { useNodes } from "./useNodes";

const NONE: readonly never[] = [];

export function NodesPage() {
  useTitle("Nodes");
  const namespace = useNamespace();
  const queries = useQueryClient();
  const [search, setSearch] = useSearchParams();
  const all = ["namespace", namespace];
  useReread({
    begin: [all],
    runs: [],
    figures: [
      [...all, "queues"],
      [...all, "runtimes"],
      [...all, "figures"],
    ],
  });
  const nodes = useNodes(namespace);
  const queues = useQueues(namespace);
  const figures = useFigures(namespace);
  const runtimes = useRuntimes(namespace);
  const rows = useMemo(
    () =>
      nodeRows({
        nodes: nodes.data?.nodes ?? NONE,
        queues: queues.data ?? NONE,
        figures: figures.data?.nodes ?? NONE,
        runtimes: runtimes.data ?? NONE,
      }),
    [nodes.data, queues.data, figures.data, runtimes.data],
  );
  // The address follows what is typed.
  const [text, setText] = useState(search.get("search") ?? "");
  const by = COLUMNS.find((column) => column === search.get("by")) ?? "name";
  const shown = useMemo(() => sorted(matching(rows, text), by), [rows, text, by]);
  const chosen = rows.find((row) => row.name === search.get("node"));
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
  const asked = [queues, figures].find((query) => query.isError && query.data === undefined);
  return (
    <div className={chosen ? "run with-panel" : "run"}>
      <div className="run-main">
        <div className="row head">
          <h1>Nodes</h1>
          <LiveBadge />
          <span className="spring" />
          <label className="field search">
            <span>Search</span>
            <input
              type="search"
              value={text}
              placeholder="name, secret or runtime"
              spellCheck={false}
              onChange={(event) => {
                setText(event.target.value);
                change("search", event.target.value);
              }}
            />
          </label>
          <button
            type="button"
            className="button"
            onClick={() => void queries.invalidateQueries({ queryKey: all })}
          >
            Refresh
          </button>
        </div>
        {asked && <Problem error={asked.error} onRetry={() => void asked.refetch()} />}
        <Answer query={nodes}>
          {() =>
            rows.length === 0 ? (
              <Empty title="No nodes yet">
                <p>A runtime registers its nodes when it starts:</p>
                <pre>exosphere worker my_nodes:runtime</pre>
              </Empty>
            ) : shown.length === 0 ? (
              <Empty title="No node fits">Search for another name, secret or runtime.</Empty>
            ) : (
              <NodesTable
                namespace={namespace}
                rows={shown}
                by={by}
                chosen={chosen?.name ?? ""}
                readAt={queues.dataUpdatedAt}
                onSort={(column) => change("by", column === "name" ? "" : column)}
                onChoose={(name) => change("node", name)}
              />
            )
          }
        </Answer>
        <div className="row head">
          <h2>Runtimes</h2>
          {runtimes.data && (
            <span className="hint">
              {number(runtimes.data.filter((one) => one.alive).length)} alive of{" "}
              {number(runtimes.data.length)}, <AsOf at={runtimes.dataUpdatedAt} />; one that is gone is listed
              for an hour
            </span>
          )}
        </div>
        <Answer query={runtimes}>
          {(found) =>
            found.length === 0 ? <NoRuntimes /> : <RuntimesTable namespace={namespace} runtimes={found} />
          }
        </Answer>
      </div>
      {chosen && <NodePanel namespace={namespace} row={chosen} onClose={() => change("node", "")} />}
    </div>
  );
}
