/** Below a graph's picture: schedules, retry policy, store, secrets. */

import type { Graph } from "../api/types";
import { Time } from "../kit/Time";
import { RetryFacts } from "./RetryFacts";
import { useSchedules } from "./useGraphs";

export function GraphFacts({ namespace, graph }: { namespace: string; graph: Graph }) {
  const schedules = useSchedules(namespace);
  const mine = schedules.data?.schedules.filter((one) => one.graph_name === graph.name) ?? [];
  const store = graph.store_config.default_values ?? {};
  const keys = [...new Set([...(graph.store_config.required_keys ?? []), ...Object.keys(store)])];
  return (
    <div className="cards">
      <section className="card">
        <h2>Retries</h2>
        <RetryFacts policy={graph.retry_policy} />
      </section>
      <section className="card">
        <h2>Schedules</h2>
        {mine.length === 0 && <p className="hint">none: it is started by hand or over the API</p>}
        <ul className="plain">
          {mine.map((one) => (
            <li key={one.index}>
              <code>{one.expression}</code> <span className="hint">{one.timezone}</span>
              {one.paused ? (
                <span className="badge retried">paused</span>
              ) : (
                one.next_due && (
                  <span>
                    {" "}
                    due <Time at={one.next_due} />
                  </span>
                )
              )}
            </li>
          ))}
        </ul>
      </section>
      <section className="card">
        <h2>Store</h2>
        {keys.length === 0 && <p className="hint">no keys are declared</p>}
        <dl className="facts-list">
          {keys.map((key) => (
            <div key={key} className="pair">
              <dt>{key}</dt>
              <dd>
                {key in store ? <code>{store[key]}</code> : <span className="badge pending">required</span>}
              </dd>
            </div>
          ))}
        </dl>
      </section>
      <section className="card">
        <h2>Secrets</h2>
        {Object.keys(graph.secrets).length === 0 && <p className="hint">none</p>}
        <ul className="plain">
          {Object.keys(graph.secrets).map((name) => (
            <li key={name}>
              <code>{name}</code>
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}
