/** One node: what it takes and gives, which secrets it needs, who executes it, which graphs use it. */

import type { ReactNode } from "react";
import { Link } from "react-router";
import { ended, failureRate } from "../figures/figures";
import { useGraphs } from "../graphs/useGraphs";
import { duration, number, percent } from "../kit/format";
import { Time } from "../kit/Time";
import { QueueSwitch } from "../queues/QueueSwitch";
import { graphAt } from "../shell/addresses";
import type { NodeRow } from "./rows";
import { SchemaTable } from "./SchemaTable";

const NOTHING = <span className="hint">none</span>;

export function NodePanel({ namespace, row, onClose }: { namespace: string; row: NodeRow; onClose(): void }) {
  const graphs = useGraphs(namespace);
  const uses = (graphs.data?.templates ?? [])
    .filter((graph) =>
      graph.nodes.some((node) => node.node_name === row.name && node.namespace === namespace),
    )
    .map((graph) => graph.name)
    .sort();
  const { registered, queue, figures, runtimes } = row;
  const rate = figures && failureRate(figures);
  return (
    <aside className="panel" aria-label={`Node ${row.name}`}>
      <div className="row">
        <h2>{row.name}</h2>
        {queue?.paused && <span className="badge retried">paused</span>}
        <span className="spring" />
        <QueueSwitch namespace={namespace} node={row.name} paused={queue?.paused ?? false} />
        <button type="button" className="button quiet small" onClick={onClose}>
          Close
        </button>
      </div>
      <dl className="facts-list">
        <Fact name="Waiting">{number(queue?.depth ?? 0)}</Fact>
        <Fact name="Running">{number(queue?.running ?? 0)}</Fact>
        <Fact name="Last hour">
          {figures ? (
            <>
              {number(ended(figures))} attempts ended
              {rate !== null && rate > 0 && `, ${percent(rate)} of them failed`}
              {figures.pruned > 0 && `, ${number(figures.pruned)} pruned`}
            </>
          ) : (
            <span className="hint">nothing ended</span>
          )}
        </Fact>
        {figures?.ran_p50_ms != null && figures.ran_p95_ms !== null && (
          <Fact name="Took">
            p50 {duration(figures.ran_p50_ms)}, p95 {duration(figures.ran_p95_ms)}
          </Fact>
        )}
        {registered && (
          <Fact name="Registered">
            <Time at={registered.updated_at} /> by {registered.runtime_name}
          </Fact>
        )}
      </dl>
      {registered ? (
        <>
          <SchemaTable title="Inputs" schema={registered.inputs_schema} />
          <SchemaTable title="Outputs" schema={registered.outputs_schema} />
          <section>
            <h3>Secrets</h3>
            <Names names={registered.secrets ?? []} />
          </section>
        </>
      ) : (
        <p className="hint">No registration of this node is known: a runtime that has it must be started.</p>
      )}
      <section>
        <h3>Executed by</h3>
        {runtimes.length === 0 && <p className="hint">no runtime that is alive</p>}
        <ul className="plain">
          {runtimes.map((runtime) => (
            <li key={runtime.id} className="row">
              <span title={runtime.id}>{runtime.runtime_name ?? runtime.id}</span>
              <span className="spring" />
              <span className="hint">{number(runtime.running)} running in all</span>
            </li>
          ))}
        </ul>
      </section>
      <section>
        <h3>Used in graphs</h3>
        {uses.length === 0 ? (
          NOTHING
        ) : (
          <p className="names">
            {uses.map((name) => (
              <Link key={name} to={graphAt(namespace, name)}>
                {name}
              </Link>
            ))}
          </p>
        )}
      </section>
    </aside>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="pair">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Names({ names }: { names: readonly string[] }) {
  if (names.length === 0) return NOTHING;
  return (
    <p className="names">
      {names.map((name) => (
        <code key={name}>{name}</code>
      ))}
    </p>
  );
}
