import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Confirm } from "../kit/Confirm";
import { useSession } from "../session/SessionContext";
import { queryOf, type RunFilter } from "./filter";

/** Retries what failed in all failed runs that the filter means, however many there are, in the background. */
export function RetryAll({
  namespace,
  filter,
  onBegun,
}: {
  namespace: string;
  filter: RunFilter;
  onBegun(bulk: string): void;
}) {
  const { client } = useSession();
  const [open, setOpen] = useState(false);
  const begin = useMutation({
    mutationFn: () => {
      const { graph_name, created_after, created_before } = queryOf(filter, Date.now());
      return client.post("/v0/namespace/{namespace}/runs/retry", {
        path: { namespace },
        body: {
          status: "FAILED",
          ...(graph_name && { graph_name }),
          ...(created_after && { created_after }),
          ...(created_before && { created_before }),
        },
      });
    },
    onSuccess: (begun) => {
      setOpen(false);
      onBegun(begun.id);
    },
  });
  const meant = filter.statuses.length === 0 || filter.statuses.includes("FAILED");
  if (!meant) return null;
  return (
    <>
      <button type="button" className="button" onClick={() => setOpen(true)}>
        Retry all failed…
      </button>
      {open && (
        <Confirm
          open
          title="Retry all failed runs that fit?"
          verb="Retry them all"
          busy={begin.isPending}
          error={begin.error}
          onClose={() => {
            setOpen(false);
            begin.reset();
          }}
          onConfirm={() => begin.mutate()}
        >
          <p>
            Every state that failed is executed anew, in all failed runs of this kind, whether they are on the
            list yet or not:
          </p>
          <dl className="facts-list">
            <dt>Graph</dt>
            <dd>{filter.graph || "any"}</dd>
            <dt>Created</dt>
            <dd>{createdOf(filter)}</dd>
          </dl>
        </Confirm>
      )}
    </>
  );
}

function createdOf(filter: RunFilter): string {
  if (filter.within) return `within ${filter.within}`;
  const parts = [
    filter.after && `from ${new Date(filter.after).toLocaleString()}`,
    filter.before && `to ${new Date(filter.before).toLocaleString()}`,
  ];
  return parts.filter(Boolean).join(" ") || "at any time";
}
