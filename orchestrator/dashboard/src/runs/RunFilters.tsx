/** The fields above the list of runs. What is chosen is in the address, so that it can be sent to somebody. */

import { useGraphs } from "../graphs/useGraphs";
import { RUN_STATUSES, type RunFilter } from "./filter";
import { TimeFilter } from "./TimeFilter";

export function RunFilters({
  namespace,
  filter,
  onChange,
}: {
  namespace: string;
  filter: RunFilter;
  onChange(change: Partial<RunFilter>): void;
}) {
  const graphs = useGraphs(namespace);
  const names = new Set(graphs.data?.templates.map((graph) => graph.name) ?? []);
  // One that was deleted has runs all the same.
  if (filter.graph) names.add(filter.graph);
  return (
    <search className="row filters">
      <label className="field">
        <span>Graph</span>
        <select value={filter.graph} onChange={(event) => onChange({ graph: event.target.value })}>
          <option value="">any</option>
          {[...names].sort().map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <fieldset className="chips">
        <legend>Status</legend>
        {RUN_STATUSES.map((status) => (
          <label key={status} className="chip">
            <input
              type="checkbox"
              checked={filter.statuses.includes(status)}
              onChange={(event) =>
                onChange({
                  statuses: RUN_STATUSES.filter((one) =>
                    one === status ? event.target.checked : filter.statuses.includes(one),
                  ),
                })
              }
            />
            {status.toLowerCase()}
          </label>
        ))}
      </fieldset>
      <TimeFilter filter={filter} onChange={onChange} />
    </search>
  );
}
