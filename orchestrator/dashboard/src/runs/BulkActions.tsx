/** What can be done with the runs that are ticked; each asks first. */

import { useState } from "react";
import type { RunSummary } from "../api/types";
import { Confirm } from "../kit/Confirm";
import { number } from "../kit/format";
import type { Verb } from "./useBulkWork";

const WHAT: Readonly<Record<Verb, string>> = {
  cancel: "Their states that wait are not executed any more; what runs now is stopped.",
  retry: "Every state in them that failed is executed anew.",
};

export function BulkActions({
  chosen,
  onAct,
  onUntick,
}: {
  chosen: readonly RunSummary[];
  onAct(verb: Verb, ids: readonly string[]): void;
  onUntick(): void;
}) {
  const [verb, setVerb] = useState<Verb | null>(null);
  const runs = { cancel: idsOf(chosen, "PENDING"), retry: idsOf(chosen, "FAILED") };
  if (chosen.length === 0) return null;
  return (
    <div className="row bulk" role="toolbar" aria-label="Chosen runs">
      <span>{number(chosen.length)} chosen</span>
      <button type="button" className="button" disabled={!runs.retry.length} onClick={() => setVerb("retry")}>
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
      <button type="button" className="button quiet" onClick={onUntick}>
        Choose none
      </button>
      {verb && (
        <Confirm
          open
          title={`${verb === "cancel" ? "Cancel" : "Retry"} ${number(runs[verb].length)} runs?`}
          verb={verb === "cancel" ? "Cancel them" : "Retry them"}
          dangerous={verb === "cancel"}
          busy={false}
          error={null}
          onClose={() => setVerb(null)}
          onConfirm={() => {
            setVerb(null);
            onAct(verb, runs[verb]);
          }}
        >
          <p>{WHAT[verb]}</p>
        </Confirm>
      )}
    </div>
  );
}

function idsOf(runs: readonly RunSummary[], status: string): string[] {
  return runs.filter((run) => run.status === status).map((run) => run.run_id);
}
