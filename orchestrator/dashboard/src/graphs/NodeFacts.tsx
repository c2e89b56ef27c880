import type { GraphNode } from "../api/types";
import { duration } from "../kit/format";
import { RetryFacts } from "./RetryFacts";

/** What a graph says about one of its nodes. */
export function NodeFacts({ node }: { node: GraphNode }) {
  const inputs = Object.entries(node.inputs);
  return (
    <section className="card" aria-label={`Node ${node.identifier}`}>
      <h2>{node.identifier}</h2>
      <dl className="facts-list">
        <dt>Node</dt>
        <dd>
          {node.node_name} <span className="hint">of namespace {node.namespace}</span>
        </dd>
        <dt>Followed by</dt>
        <dd>{node.next_nodes?.join(", ") || "nothing"}</dd>
        {node.unites && (
          <>
            <dt>Unites</dt>
            <dd>
              the branches of {node.unites.identifier} ({node.unites.strategy})
            </dd>
          </>
        )}
        {node.timeout_ms != null && (
          <>
            <dt>Timeout</dt>
            <dd>{duration(node.timeout_ms)}</dd>
          </>
        )}
        {node.retry_policy && (
          <>
            <dt>Retries</dt>
            <dd>
              <RetryFacts policy={node.retry_policy} />
              <span className="hint">in place of those of the graph</span>
            </dd>
          </>
        )}
        {inputs.map(([name, text]) => (
          <div key={name} className="pair">
            <dt>Input {name}</dt>
            <dd>
              <code>{text}</code>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
