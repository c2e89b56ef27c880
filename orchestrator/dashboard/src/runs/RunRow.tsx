import { memo } from "react";
import { Link } from "react-router";
import type { RunSummary } from "../api/types";
import { CountsBar } from "../kit/CountsBar";
import { number, short } from "../kit/format";
import { StatusBadge } from "../kit/StatusBadge";
import { Time } from "../kit/Time";
import { graphAt, runAt } from "../shell/addresses";

export const RunRow = memo(function RunRow({
  namespace,
  run,
  index,
  ticked,
  onTick,
}: {
  namespace: string;
  run: RunSummary;
  /** In the whole list, counted from 0. */
  index: number;
  /** null where nothing can be ticked. */
  ticked: boolean | null;
  onTick(ids: readonly string[], on: boolean): void;
}) {
  return (
    <tr aria-rowindex={index + 2} className={ticked ? "chosen" : undefined}>
      {ticked !== null && (
        <td className="tick">
          <input
            type="checkbox"
            aria-label={`Choose run ${run.run_id}`}
            checked={ticked}
            onChange={(event) => onTick([run.run_id], event.target.checked)}
          />
        </td>
      )}
      <td>
        <Link to={runAt(namespace, run.run_id)} title={run.run_id} className="id">
          {short(run.run_id)}
        </Link>
      </td>
      <td className="graph-column">
        <Link to={graphAt(namespace, run.graph_name)} title={run.graph_name}>
          {run.graph_name}
        </Link>
      </td>
      <td>
        <StatusBadge status={run.status} />
      </td>
      <td className="states-column">
        <CountsBar
          counts={{
            success: run.success_count,
            pending: run.pending_count,
            errored: run.errored_count,
            retried: run.retried_count,
            cancelled: run.cancelled_count ?? 0,
            total: run.total_count,
          }}
        />
      </td>
      <td className="right">{number(run.total_count)}</td>
      <td>
        <Time at={run.created_at} />
      </td>
    </tr>
  );
});
