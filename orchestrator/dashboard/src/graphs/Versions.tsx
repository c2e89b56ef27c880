/** The versions of a graph, and what changed between any two of them. */

import { Empty } from "../kit/Empty";
import { number } from "../kit/format";
import { Problem } from "../kit/Problem";
import { Spinner } from "../kit/Spinner";
import { Time } from "../kit/Time";
import { pairOf } from "./pair";
import { useVersions } from "./useGraphs";
import { VersionDiff } from "./VersionDiff";

export default function Versions({
  namespace,
  graph,
  compared,
  onCompare,
  onShow,
}: {
  namespace: string;
  graph: string;
  /** Which two, as the address has it; empty for none. */
  compared: string;
  onCompare(compared: string): void;
  onShow(version: number): void;
}) {
  const versions = useVersions(namespace, graph);
  const known = versions.data?.pages.flatMap((page) => page.versions) ?? [];
  const newest = known[0]?.version ?? 0;
  const pair = pairOf(compared);
  if (versions.isPending) return <Spinner what="Loading versions" />;
  if (versions.isError && known.length === 0) {
    return <Problem error={versions.error} onRetry={() => void versions.refetch()} />;
  }
  const numbers = [...new Set([...known.map((one) => one.version), ...(pair ?? [])])].sort((a, b) => b - a);
  return (
    <>
      {known.length < 2 && !pair && (
        <Empty title="There is one version">Saving a change of the graph makes the next one.</Empty>
      )}
      {pair && (
        <section className="card">
          <div className="row">
            <h2>Changes</h2>
            <Choice
              label="from"
              value={pair[0]}
              versions={numbers}
              onChange={(one) => onCompare(`${one}..${pair[1]}`)}
            />
            <Choice
              label="to"
              value={pair[1]}
              versions={numbers}
              onChange={(one) => onCompare(`${pair[0]}..${one}`)}
            />
            <span className="spring" />
            <button type="button" className="button quiet small" onClick={() => onCompare("")}>
              Close
            </button>
          </div>
          <VersionDiff key={compared} namespace={namespace} graph={graph} before={pair[0]} after={pair[1]} />
        </section>
      )}
      <div className="scroll">
        <table className="table">
          <caption className="unseen">Versions</caption>
          <thead>
            <tr>
              <th scope="col">Version</th>
              <th scope="col">Made</th>
              <th scope="col" className="right">
                Nodes
              </th>
              <th scope="col">
                <span className="unseen">Compare</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {known.map((one, index) => {
              const before = known[index + 1]?.version;
              return (
                <tr key={one.version}>
                  <td>
                    <button type="button" className="link" onClick={() => onShow(one.version)}>
                      {one.version}
                    </button>{" "}
                    {one.newest && <span className="badge success">newest</span>}
                  </td>
                  <td>
                    <Time at={one.created_at} />
                  </td>
                  <td className="right">{number(one.node_count)}</td>
                  <td>
                    <span className="row end">
                      {before !== undefined && (
                        <button
                          type="button"
                          className="button small"
                          onClick={() => onCompare(`${before}..${one.version}`)}
                        >
                          What it changed
                        </button>
                      )}
                      {index > 1 && (
                        <button
                          type="button"
                          className="button small"
                          onClick={() => onCompare(`${one.version}..${newest}`)}
                        >
                          Compare with the newest
                        </button>
                      )}
                    </span>
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {versions.hasNextPage && (
        <p>
          <button
            type="button"
            className="button"
            disabled={versions.isFetchingNextPage}
            onClick={() => void versions.fetchNextPage()}
          >
            Older versions
          </button>
        </p>
      )}
    </>
  );
}

function Choice({
  label,
  value,
  versions,
  onChange,
}: {
  label: string;
  value: number;
  versions: readonly number[];
  onChange(version: number): void;
}) {
  return (
    <label className="field">
      <span>{label} version</span>
      <select value={value} onChange={(event) => onChange(Number(event.target.value))}>
        {versions.map((one) => (
          <option key={one}>{one}</option>
        ))}
      </select>
    </label>
  );
}
