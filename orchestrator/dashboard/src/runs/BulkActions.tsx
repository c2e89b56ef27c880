/** Cancel or retry the runs that are ticked. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { RunSummary } from "../api/types";
import { Confirm } from "../kit/Confirm";
import { number } from "../kit/format";
import { useSession } from "../session/SessionContext";
import { type BulkResult, forEachRun } from "./bulk";

type Verb = "cancel" | "retry";

const WHAT: Readonly<Record<Verb, string>> = {
  cancel: "Their states that wait are not executed any more; what runs now is stopped.",
  retry: "Every state in them that failed is executed anew.",
};

export function BulkActions({
  namespace,
  chosen,
  onDone,
}: {
  namespace: string;
  chosen: readonly RunSummary[];
  onDone(): void;
}) {
  const { client } = useSession();
  const queries = useQueryClient();
  const [verb, setVerb] = useState<Verb | null>(null);
  const [result, setResult] = useState<BulkResult | null>(null);
  const runs = { cancel: idsOf(chosen, "PENDING"), retry: idsOf(chosen, "FAILED") };
  const act = useMutation({
    mutationFn: (which: Verb) =>
      forEachRun(runs[which], (run_id) =>
        client.post(`/v0/namespace/{namespace}/run/{run_id}/${which}`, { path: { namespace, run_id } }),
      ),
    onSuccess: (found) => {
      setResult(found);
      setVerb(null);
      onDone();
      void queries.invalidateQueries({ queryKey: ["runs", namespace] });
    },
  });
  return (
    <>
      {chosen.length > 0 && (
        <div className="row bulk" role="toolbar" aria-label="Chosen runs">
          <span>{number(chosen.length)} chosen</span>
          <button
            type="button"
            className="button"
            disabled={!runs.retry.length}
            onClick={() => setVerb("retry")}
          >
            Retry {number(runs.retry.length)} failed
          </button>
          <button
            type="button"
            className="button"
            disabled={!runs.cancel.length}
            onClick={() => setVerb("cancel")}
          >
            Cancel {number(runs.cancel.length)} pending
          </button>
        </div>
      )}
      {result && <Outcome result={result} onClose={() => setResult(null)} />}
      {verb && (
        <Confirm
          open
          title={`${verb === "cancel" ? "Cancel" : "Retry"} ${number(runs[verb].length)} runs?`}
          verb={verb === "cancel" ? "Cancel them" : "Retry them"}
          dangerous={verb === "cancel"}
          busy={act.isPending}
          error={act.error}
          onClose={() => setVerb(null)}
          onConfirm={() => act.mutate(verb)}
        >
          <p>{WHAT[verb]}</p>
        </Confirm>
      )}
    </>
  );
}

function Outcome({ result, onClose }: { result: BulkResult; onClose(): void }) {
  return (
    <div className={result.refused.size ? "notice bad" : "notice good"} role="status">
      <p>
        {number(result.done)} done{result.refused.size > 0 && `, ${number(result.refused.size)} refused`}.
      </p>
      {result.refused.size > 0 && (
        <ul>
          {[...result.refused].map(([id, why]) => (
            <li key={id}>
              <code>{id}</code>: {why}
            </li>
          ))}
        </ul>
      )}
      <button type="button" className="button small" onClick={onClose}>
        Close
      </button>
    </div>
  );
}

function idsOf(runs: readonly RunSummary[], status: string): string[] {
  return runs.filter((run) => run.status === status).map((run) => run.run_id);
}
