/** What can be done about a graph, as far as the role may: start, pause, edit, delete. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import type { Graph } from "../api/types";
import { Confirm } from "../kit/Confirm";
import { useMay, useSession } from "../session/SessionContext";
import { graphEditorAt, runsAt } from "../shell/addresses";
import { DeleteGraph } from "./DeleteGraph";
import { TriggerDialog } from "./TriggerDialog";

type Verb = "start" | "pause" | "resume" | "delete";

export function GraphActions({ namespace, graph }: { namespace: string; graph: Graph }) {
  const { client } = useSession();
  const queries = useQueryClient();
  const maySteer = useMay("steer");
  const mayWrite = useMay("write");
  const [verb, setVerb] = useState<Verb | null>(null);
  const path = { namespace, graph_name: graph.name };
  const hold = useMutation({
    mutationFn: (which: "pause" | "resume") =>
      client.post(`/v0/namespace/{namespace}/graph/{graph_name}/${which}`, { path }),
    onSuccess: async (held) => {
      setVerb(null);
      queries.setQueryData(["graph", namespace, graph.name], held);
      await queries.invalidateQueries({ queryKey: ["graphs", namespace] });
      await queries.invalidateQueries({ queryKey: ["schedules", namespace] });
    },
  });
  const close = () => {
    setVerb(null);
    hold.reset();
  };
  const asked = { busy: hold.isPending, error: hold.error, onClose: close };
  return (
    <>
      <Link className="button" to={`${runsAt(namespace)}?graph=${encodeURIComponent(graph.name)}`}>
        Its runs
      </Link>
      {maySteer && (
        <button type="button" className="button" onClick={() => setVerb(graph.paused ? "resume" : "pause")}>
          {graph.paused ? "Resume" : "Pause"}
        </button>
      )}
      {mayWrite && (
        <>
          <Link className="button" to={graphEditorAt(namespace, graph.name)}>
            Edit
          </Link>
          <button type="button" className="button danger" onClick={() => setVerb("delete")}>
            Delete
          </button>
        </>
      )}
      {maySteer && (
        <button
          type="button"
          className="button primary"
          disabled={graph.validation_status !== "VALID" || graph.paused}
          onClick={() => setVerb("start")}
        >
          Start a run
        </button>
      )}
      <Confirm
        {...asked}
        open={verb === "pause"}
        title={`Pause ${graph.name}?`}
        verb="Pause"
        onConfirm={() => hold.mutate("pause")}
      >
        <p>
          It takes no new runs, and its schedules don't fire, until it is resumed. Runs that are there go on.
        </p>
      </Confirm>
      <Confirm
        {...asked}
        open={verb === "resume"}
        title={`Resume ${graph.name}?`}
        verb="Resume"
        onConfirm={() => hold.mutate("resume")}
      >
        <p>It takes new runs again. What its schedules were due for in between does not fire.</p>
      </Confirm>
      {verb === "delete" && <DeleteGraph namespace={namespace} graph={graph.name} onClose={close} />}
      {verb === "start" && <TriggerDialog namespace={namespace} graph={graph} onClose={close} />}
    </>
  );
}
