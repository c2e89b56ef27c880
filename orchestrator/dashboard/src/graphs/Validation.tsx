import type { Graph } from "../api/types";

const LOOKS: Readonly<Record<string, string>> = { VALID: "success", INVALID: "errored" };

/** Whether a graph can run, and whether it is paused. */
export function Validation({ graph }: { graph: Graph }) {
  return (
    <span className="row">
      <span
        className={`badge ${LOOKS[graph.validation_status] ?? "pending"}`}
        title={graph.validation_errors.join("\n")}
      >
        {graph.validation_status.toLowerCase()}
      </span>
      {graph.paused && <span className="badge retried">paused</span>}
    </span>
  );
}
