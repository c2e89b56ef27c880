import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Run } from "../api/types";
import { Confirm } from "../kit/Confirm";
import { useSession } from "../session/SessionContext";

/** Cancels a run after asking. */
export function CancelRun({ namespace, run, onClose }: { namespace: string; run: Run; onClose(): void }) {
  const { client } = useSession();
  const queries = useQueryClient();
  const cancel = useMutation({
    mutationFn: () =>
      client.post("/v0/namespace/{namespace}/run/{run_id}/cancel", {
        path: { namespace, run_id: run.run_id },
      }),
    onSuccess: async () => {
      onClose();
      await queries.invalidateQueries({ queryKey: ["run", namespace, run.run_id] });
    },
  });
  return (
    <Confirm
      open
      title="Cancel this run?"
      verb="Cancel the run"
      dangerous
      busy={cancel.isPending}
      error={cancel.error}
      onClose={onClose}
      onConfirm={() => cancel.mutate()}
    >
      <p>
        Its states that wait are not executed any more; what runs now is stopped. A cancelled run can be run
        again.
      </p>
    </Confirm>
  );
}
