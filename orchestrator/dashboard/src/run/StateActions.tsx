/** What can be done about one state: retry it, run again from it. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Confirm } from "../kit/Confirm";
import { useSession } from "../session/SessionContext";
import { classOf } from "./classes";
import { RerunDialog } from "./RerunDialog";
import type { ShownState } from "./shown";

export function StateActions({ namespace, run, state, onChoose }: ShownState) {
  const { client } = useSession();
  const queries = useQueryClient();
  const [verb, setVerb] = useState<"retry" | "rerun" | null>(null);
  const failed = classOf(state.status) === "errored" && run.status !== "CANCELLED";
  const close = () => setVerb(null);
  const retry = useMutation({
    // Named after the state, which is retried once: by who clicks twice, and by two people at once.
    mutationFn: () =>
      client.post("/v0/namespace/{namespace}/state/{state_id}/manual-retry", {
        path: { namespace, state_id: state.id },
        body: { fanout_id: `dashboard-${state.id}` },
      }),
    onSuccess: async (made) => {
      close();
      await queries.invalidateQueries({ queryKey: ["run", namespace, run.run_id] });
      onChoose(made.id);
    },
  });
  return (
    <div className="row">
      {failed && (
        <button type="button" className="button" onClick={() => setVerb("retry")}>
          Retry
        </button>
      )}
      <button type="button" className="button" onClick={() => setVerb("rerun")}>
        Run again from here
      </button>
      <Confirm
        open={verb === "retry"}
        title="Retry this state?"
        verb="Retry"
        busy={retry.isPending}
        error={retry.error}
        onClose={close}
        onConfirm={() => retry.mutate()}
      >
        <p>It is executed anew, with the inputs that it had, and the run goes on from there.</p>
      </Confirm>
      {verb === "rerun" && <RerunDialog namespace={namespace} run={run} state={state} onClose={close} />}
    </div>
  );
}
