import { Link } from "react-router";
import type { Runtime } from "../api/types";
import { duration, number } from "../kit/format";
import { Time } from "../kit/Time";
import { nodeAt } from "../shell/addresses";

/** How many of a runtime's nodes are named. */
const NAMED = 8;

export function RuntimesTable({ namespace, runtimes }: { namespace: string; runtimes: readonly Runtime[] }) {
  return (
    <div className="scroll">
      <table className="table">
        <caption className="unseen">Runtimes</caption>
        <thead>
          <tr>
            <th scope="col">Status</th>
            <th scope="col">Runtime</th>
            <th scope="col">Version</th>
            <th scope="col">Nodes</th>
            <th scope="col" className="right">
              Running
            </th>
            <th scope="col">Since</th>
            <th scope="col">Last seen</th>
          </tr>
        </thead>
        <tbody>
          {runtimes.map((runtime) => (
            <tr key={runtime.id}>
              <td>
                <RuntimeBadge runtime={runtime} />
              </td>
              <td>
                {runtime.runtime_name ? (
                  <span className="name" title={runtime.runtime_name}>
                    {runtime.runtime_name}
                  </span>
                ) : (
                  <span className="hint">not registered</span>
                )}{" "}
                <code className="hint">{runtime.id}</code>
              </td>
              <td className="version" title={runtime.version ?? undefined}>
                {runtime.version ?? <span className="hint">not told</span>}
              </td>
              <td className="wrap">
                <NodeLinks namespace={namespace} nodes={runtime.nodes} />
              </td>
              <td className="right">{number(runtime.running)}</td>
              <td>{runtime.registered_at && <Time at={runtime.registered_at} />}</td>
              <td>
                {runtime.last_seen_ms === null ? (
                  <span className="hint">never</span>
                ) : (
                  `${duration(runtime.last_seen_ms)} before`
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function RuntimeBadge({ runtime }: { runtime: Runtime }) {
  return (
    <span className={`badge ${runtime.alive ? "success" : "errored"}`}>
      {runtime.alive ? "alive" : "gone"}
    </span>
  );
}

function NodeLinks({ namespace, nodes }: { namespace: string; nodes: readonly string[] }) {
  return (
    <span className="names">
      {nodes.slice(0, NAMED).map((node) => (
        <Link key={node} className="name" title={node} to={nodeAt(namespace, node)}>
          {node}
        </Link>
      ))}
      {nodes.length > NAMED && (
        <span className="hint" title={nodes.slice(NAMED).join(", ")}>
          and {number(nodes.length - NAMED)} more
        </span>
      )}
    </span>
  );
}
