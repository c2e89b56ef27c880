import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Confirm } from "../kit/Confirm";
import { useMay, useSession } from "../session/SessionContext";

/** Pauses a queue, after asking, or resumes it. */
export function QueueSwitch({
  namespace,
  node,
  paused,
}: {
  namespace: string;
  node: string;
  paused: boolean;
}) {
  const { client } = useSession();
  const queries = useQueryClient();
  const maySteer = useMay("steer");
  const [asking, setAsking] = useState(false);
  const act = useMutation({
    mutationFn: () =>
      client.post(`/v0/namespace/{namespace}/queues/{node_name}/${paused ? "resume" : "pause"}`, {
        path: { namespace, node_name: node },
      }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["namespace", namespace, "queues"] });
      setAsking(false);
    },
  });
  if (!maySteer) return null;
  return (
    <>
      <button
        type="button"
        className="button quiet small"
        aria-label={`${paused ? "Resume" : "Pause"} the queue of ${node}`}
        onClick={() => setAsking(true)}
      >
        {paused ? "Resume" : "Pause"}
      </button>
      {asking && (
        <Confirm
          open
          title={`${paused ? "Resume" : "Pause"} the queue of ${node}?`}
          verb={paused ? "Resume" : "Pause"}
          busy={act.isPending}
          error={act.error}
          onClose={() => {
            setAsking(false);
            act.reset();
          }}
          onConfirm={() => act.mutate()}
        >
          <p>
            {paused
              ? "What waits is handed out to runtimes again, in the order in which it came."
              : "What waits stays where it is until somebody resumes the queue; what runs goes on to its end."}
          </p>
        </Confirm>
      )}
    </>
  );
}
