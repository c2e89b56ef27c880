/** Retries all states of a run that failed, after asking, and says which could not be. */

import * as Ariakit from "@ariakit/react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Run } from "../api/types";
import { Confirm } from "../kit/Confirm";
import { number } from "../kit/format";
import { useSession } from "../session/SessionContext";

export function RetryFailed({
  namespace,
  run,
  failed,
  onClose,
}: {
  namespace: string;
  run: Run;
  failed: number;
  onClose(): void;
}) {
  const { client } = useSession();
  const queries = useQueryClient();
  const retry = useMutation({
    mutationFn: () =>
      client.post("/v0/namespace/{namespace}/run/{run_id}/retry", {
        path: { namespace, run_id: run.run_id },
      }),
    onSuccess: async (done) => {
      if (Object.keys(done.refused ?? {}).length === 0) onClose();
      await queries.invalidateQueries({ queryKey: ["run", namespace, run.run_id] });
    },
  });
  const refused = Object.entries(retry.data?.refused ?? {});
  if (refused.length > 0) {
    return (
      <Ariakit.Dialog open onClose={onClose} className="dialog" backdrop={<div className="backdrop" />}>
        <Ariakit.DialogHeading>
          {number(retry.data?.count ?? 0)} retried, {number(refused.length)} refused
        </Ariakit.DialogHeading>
        <ul className="refused">
          {refused.map(([id, why]) => (
            <li key={id}>
              <code>{id}</code>: {why}
            </li>
          ))}
        </ul>
        <div className="row end">
          <Ariakit.DialogDismiss className="button primary">Close</Ariakit.DialogDismiss>
        </div>
      </Ariakit.Dialog>
    );
  }
  return (
    <Confirm
      open
      title="Retry what failed?"
      verb="Retry"
      busy={retry.isPending}
      error={retry.error}
      onClose={onClose}
      onConfirm={() => retry.mutate()}
    >
      <p>
        {failed === 1
          ? "One failed state of this run is executed anew, with the inputs that it had."
          : `${number(failed)} failed states of this run are executed anew, with the inputs that they had.`}
      </p>
    </Confirm>
  );
}
