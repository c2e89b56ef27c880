/** Deletes a graph after asking. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import { Confirm } from "../kit/Confirm";
import { useSession } from "../session/SessionContext";
import { graphsAt } from "../shell/addresses";

export function DeleteGraph({
  namespace,
  graph,
  onClose,
}: {
  namespace: string;
  graph: string;
  onClose(): void;
}) {
  const { client } = useSession();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [force, setForce] = useState(false);
  const remove = useMutation({
    mutationFn: () =>
      client.delete("/v0/namespace/{namespace}/graph/{graph_name}", {
        path: { namespace, graph_name: graph },
        query: { force },
      }),
    onSuccess: async () => {
      onClose();
      await navigate(graphsAt(namespace));
      queries.removeQueries({ queryKey: ["graph", namespace, graph] });
      queries.removeQueries({ queryKey: ["version", namespace, graph] });
      await queries.invalidateQueries({ queryKey: ["graphs", namespace] });
      await queries.invalidateQueries({ queryKey: ["schedules", namespace] });
    },
  });
  return (
    <Confirm
      open
      title={`Delete ${graph}?`}
      verb="Delete the graph"
      dangerous
      busy={remove.isPending}
      error={remove.error}
      onClose={onClose}
      onConfirm={() => remove.mutate()}
    >
      <p>
        Its versions, secrets and schedules are gone for good. The runs that it had can still be read until
        their time is over, but not retried or run again.
      </p>
      <label className="check">
        <input type="checkbox" checked={force} onChange={(event) => setForce(event.target.checked)} />
        Cancel its pending runs; without this, a graph that has any is not deleted
      </label>
    </Confirm>
  );
}
