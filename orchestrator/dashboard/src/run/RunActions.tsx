/** Retry what failed, run again, cancel: each asks first. */

import { useState } from "react";
import type { Run } from "../api/types";
import { CancelRun } from "./CancelRun";
import { RerunDialog } from "./RerunDialog";
import { RetryFailed } from "./RetryFailed";

type Verb = "retry" | "rerun" | "cancel";

export function RunActions({
  namespace,
  run,
  failed,
  status,
}: {
  namespace: string;
  run: Run;
  failed: number;
  status: string;
}) {
  const [verb, setVerb] = useState<Verb | null>(null);
  const asked = { namespace, run, onClose: () => setVerb(null) };
  return (
    <div className="row">
      {failed > 0 && status !== "CANCELLED" && (
        <button type="button" className="button" onClick={() => setVerb("retry")}>
          Retry failed
        </button>
      )}
      <button type="button" className="button" onClick={() => setVerb("rerun")}>
        Run again
      </button>
      {status === "PENDING" && (
        <button type="button" className="button" onClick={() => setVerb("cancel")}>
          Cancel
        </button>
      )}
      {verb === "retry" && <RetryFailed {...asked} failed={failed} />}
      {verb === "rerun" && <RerunDialog {...asked} state={null} />}
      {verb === "cancel" && <CancelRun {...asked} />}
    </div>
  );
}
