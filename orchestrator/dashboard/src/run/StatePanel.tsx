/** All about one state: what went in, what came out, what went wrong, and what can be done. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import type { Run, State } from "../api/types";
import { Confirm } from "../kit/Confirm";
import { CopyButton } from "../kit/CopyButton";
import { short } from "../kit/format";
import { Problem } from "../kit/Problem";
import { Spinner } from "../kit/Spinner";
import { StatusBadge } from "../kit/StatusBadge";
import { Time } from "../kit/Time";
import { LongText, Values } from "../kit/Values";
import { useMay, useSession } from "../session/SessionContext";
import { runAt } from "../shell/addresses";
import { classOf } from "./classes";
import type { LiveState } from "./live";

interface Panel {
  namespace: string;
  run: Run;
  stateId: string;
  told: LiveState | undefined;
  onChoose(state: string): void;
}

export function StatePanel({ namespace, run, stateId, told, onChoose }: Panel) {
  const { client } = useSession();
  const maySteer = useMay("steer");
  const state = useQuery<State>({
    queryKey: ["run", namespace, run.run_id, "state", stateId, told?.status, told?.attempt],
    queryFn: ({ signal }) =>
      client.get("/v0/namespace/{namespace}/graph/{graph_name}/run/{run_id}/node/{state_id}", {
        path: { namespace, graph_name: run.graph_name, run_id: run.run_id, state_id: stateId },
        signal,
      }),
    placeholderData: (before) => (before?.id === stateId ? before : undefined),
  });
  return (
    <aside className="panel" aria-label="State">
      <div className="row head">
        <h2>{state.data?.identifier ?? "State"}</h2>
        {state.data && <StatusBadge status={state.data.status} />}
        <span className="spring" />
        <button
          type="button"
          className="button quiet small"
          aria-label="Close the state"
          onClick={() => onChoose("")}
        >
          ✕
        </button>
      </div>
      {state.isPending && <Spinner what="Loading the state" />}
      {state.isError && <Problem error={state.error} onRetry={() => void state.refetch()} />}
      {state.data && (
        <>
          {maySteer && (
            <StateActions namespace={namespace} run={run} state={state.data} onChoose={onChoose} />
          )}
          <Facts state={state.data} onChoose={onChoose} />
          {state.data.error && (
            <section className="error-text">
              <h3>
                Error <CopyButton text={state.data.error} what="the error" />
              </h3>
              <LongText text={state.data.error} />
            </section>
          )}
          <Part title="Inputs" values={state.data.inputs} />
          <Part title="Outputs" values={state.data.outputs} />
          {state.data.data && (
            <section>
              <h3>Data it was pruned with</h3>
              <LongText text={JSON.stringify(state.data.data, null, 2)} />
            </section>
          )}
        </>
      )}
    </aside>
  );
}

function Part({ title, values }: { title: string; values: Readonly<Record<string, string>> }) {
  return (
    <section>
      <h3>{title}</h3>
      {Object.keys(values).length > 0 ? (
        <Values values={values} what={title.toLowerCase()} />
      ) : (
        <p className="hint">none</p>
      )}
    </section>
  );
}

function Facts({ state, onChoose }: { state: State; onChoose(state: string): void }) {
  const other = (id: string) => (
    <button type="button" className="link id" title={id} onClick={() => onChoose(id)}>
      {short(id)}
    </button>
  );
  return (
    <dl className="facts-list">
      <dt>Id</dt>
      <dd>
        <code>{state.id}</code> <CopyButton text={state.id} what="the id of the state" />
      </dd>
      <dt>Node</dt>
      <dd>{state.node_name}</dd>
      <dt>Attempt</dt>
      <dd>
        {state.attempt}
        {state.retry_count > 0 && `, retry ${state.retry_count}`}
      </dd>
      <dt>Created</dt>
      <dd>
        <Time at={state.created_at} />
      </dd>
      <dt>Changed</dt>
      <dd>
        <Time at={state.updated_at} />
      </dd>
      {state.due_at && (
        <>
          <dt>Due</dt>
          <dd>
            <Time at={state.due_at} />
          </dd>
        </>
      )}
      {state.retried_by && (
        <>
          <dt>Retried by</dt>
          <dd>{other(state.retried_by)}</dd>
        </>
      )}
      {Object.entries(state.parents).map(([identifier, id]) => (
        <div key={identifier} className="pair">
          <dt>Parent</dt>
          <dd>
            {identifier} {other(id)}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function StateActions({
  namespace,
  run,
  state,
  onChoose,
}: {
  namespace: string;
  run: Run;
  state: State;
  onChoose(state: string): void;
}) {
  const { client } = useSession();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [verb, setVerb] = useState<"retry" | "rerun" | null>(null);
  const failed = classOf(state.status) === "errored";
  const retry = useMutation({
    // Named after the state: who clicks twice, or two people at once, retry it once.
    mutationFn: () =>
      client.post("/v0/namespace/{namespace}/state/{state_id}/manual-retry", {
        path: { namespace, state_id: state.id },
        body: { fanout_id: `dashboard-${state.attempt}` },
      }),
    onSuccess: async (made) => {
      setVerb(null);
      await queries.invalidateQueries({ queryKey: ["run", namespace, run.run_id] });
      onChoose(made.id);
    },
  });
  const rerun = useMutation({
    mutationFn: () =>
      client.post("/v0/namespace/{namespace}/run/{run_id}/rerun", {
        path: { namespace, run_id: run.run_id },
        body: { state_id: state.id },
      }),
    onSuccess: (made) => {
      setVerb(null);
      void navigate(runAt(namespace, made.run_id));
    },
  });
  return (
    <div className="row">
      {failed && (
        <button type="button" className="button" onClick={() => setVerb("retry")}>
          Retry
        </button>
      )}
      {run.status !== "PENDING" && (
        <button type="button" className="button" onClick={() => setVerb("rerun")}>
          Run again from here
        </button>
      )}
      <Confirm
        open={verb === "retry"}
        title="Retry this state?"
        verb="Retry"
        busy={retry.isPending}
        error={retry.error}
        onClose={() => setVerb(null)}
        onConfirm={() => retry.mutate()}
      >
        <p>It is executed anew, with the inputs that it had, and the run goes on from there.</p>
      </Confirm>
      <Confirm
        open={verb === "rerun"}
        title="Run again from here?"
        verb="Run again"
        busy={rerun.isPending}
        error={rerun.error}
        onClose={() => setVerb(null)}
        onConfirm={() => rerun.mutate()}
      >
        <p>
          A new run takes over what lies before this state, and executes it and what follows. This run stays
          as it is.
        </p>
      </Confirm>
    </div>
  );
}
