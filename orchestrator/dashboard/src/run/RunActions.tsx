/** Retry what failed, run again, cancel: each asks first. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import type { Run } from "../api/types";
import { Confirm } from "../kit/Confirm";
import { number } from "../kit/format";
import { useSession } from "../session/SessionContext";
import { runAt } from "../shell/addresses";

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
  const { client } = useSession();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [verb, setVerb] = useState<Verb | null>(null);
  const path = { namespace, run_id: run.run_id };
  const act = useMutation({
    mutationFn: async (which: Verb): Promise<string> => {
      if (which === "rerun") {
        const made = await client.post("/v0/namespace/{namespace}/run/{run_id}/rerun", { path, body: {} });
        return made.run_id;
      }
      await client.post(`/v0/namespace/{namespace}/run/{run_id}/${which}`, { path });
      return run.run_id;
    },
    onSuccess: async (id) => {
      setVerb(null);
      await queries.invalidateQueries({ queryKey: ["run", namespace, run.run_id] });
      if (id !== run.run_id) void navigate(runAt(namespace, id));
    },
  });
  const close = () => {
    setVerb(null);
    act.reset();
  };
  const asked = { busy: act.isPending, error: act.error, onClose: close };
  return (
    <div className="row">
      {failed > 0 && (
        <button type="button" className="button" onClick={() => setVerb("retry")}>
          Retry failed
        </button>
      )}
      {status === "PENDING" ? (
        <button type="button" className="button" onClick={() => setVerb("cancel")}>
          Cancel
        </button>
      ) : (
        <button type="button" className="button" onClick={() => setVerb("rerun")}>
          Run again
        </button>
      )}
      <Confirm
        {...asked}
        open={verb === "retry"}
        title="Retry what failed?"
        verb="Retry"
        onConfirm={() => act.mutate("retry")}
      >
        <p>{number(failed)} failed states of this run are executed anew, with the inputs that they had.</p>
      </Confirm>
      <Confirm
        {...asked}
        open={verb === "rerun"}
        title="Run again from the root?"
        verb="Run again"
        onConfirm={() => act.mutate("rerun")}
      >
        <p>A new run is made with the inputs and the store of this one, which stays as it is.</p>
      </Confirm>
      <Confirm
        {...asked}
        open={verb === "cancel"}
        title="Cancel this run?"
        verb="Cancel the run"
        dangerous
        onConfirm={() => act.mutate("cancel")}
      >
        <p>
          Its states that wait are not executed any more; what runs now is stopped. A cancelled run can be run
          again.
        </p>
      </Confirm>
    </div>
  );
}
