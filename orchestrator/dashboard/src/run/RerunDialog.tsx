/** Makes a new run from this one, with other inputs and store values where somebody gives them. */

import * as Ariakit from "@ariakit/react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useNavigate } from "react-router";
import type { Run, State } from "../api/types";
import { Problem } from "../kit/Problem";
import { Spinner } from "../kit/Spinner";
import { useSession } from "../session/SessionContext";
import { runAt } from "../shell/addresses";
import { ChangeFields } from "./ChangeFields";
import { type Changes, rerunOf, type Start } from "./changes";
import { isFurtherOutput } from "./furtherOutput";
import { useRootState } from "./useRootState";

interface Again {
  namespace: string;
  run: Run;
  /** Where it begins; null for the root. */
  state: State | null;
  onClose(): void;
}

export function RerunDialog({ namespace, run, state, onClose }: Again) {
  const { client } = useSession();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const root = useRootState(namespace, run, state === null);
  // What was not executed is no place to begin.
  const kept = state !== null && isFurtherOutput(state);
  const [wide, setWide] = useState(kept);
  const [inputs, setInputs] = useState<Changes>(new Map());
  const [store, setStore] = useState<Changes>(new Map());
  const from = state ?? root.data;
  const again = useMutation({
    mutationFn: () =>
      client.post("/v0/namespace/{namespace}/run/{run_id}/rerun", {
        path: { namespace, run_id: run.run_id },
        body: rerunOf(startOf(state, wide), inputs, store),
      }),
    onSuccess: (made) => {
      // It tells from now on what was made of it; no event says so, as nothing else about it has changed.
      void queries.invalidateQueries({ queryKey: ["run", namespace, run.run_id] });
      onClose();
      void navigate(runAt(namespace, made.run_id));
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    again.mutate();
  };
  return (
    <Ariakit.Dialog open onClose={onClose} className="dialog broad" backdrop={<div className="backdrop" />}>
      <Ariakit.DialogHeading>
        {state ? `Run again from ${state.identifier}?` : "Run again from the root?"}
      </Ariakit.DialogHeading>
      <form className="form" onSubmit={submit}>
        <p>
          {state
            ? "A new run takes over what lies before, and executes this and what follows."
            : "A new run of the same version is made, with the inputs and the store of this one."}{" "}
          This run stays as it is.
        </p>
        {state && <Width identifier={state.identifier} kept={kept} wide={wide} onWiden={setWide} />}
        {root.isLoading && <Spinner what="Loading the inputs" />}
        {from && <ChangeFields title="Inputs" values={from.inputs} changes={inputs} onChange={setInputs} />}
        <ChangeFields title="Store" values={run.store} changes={store} onChange={setStore} addable />
        {again.isError && <Problem error={again.error} />}
        <div className="row end">
          <Ariakit.DialogDismiss className="button">Back</Ariakit.DialogDismiss>
          <button type="submit" className="button primary" disabled={again.isPending}>
            Run again
          </button>
        </div>
      </form>
    </Ariakit.Dialog>
  );
}

function Width({
  identifier,
  kept,
  wide,
  onWiden,
}: {
  identifier: string;
  /** Whether the state only keeps a further output of an execution. */
  kept: boolean;
  wide: boolean;
  onWiden(wide: boolean): void;
}) {
  return (
    <fieldset>
      <legend>Begin at</legend>
      <label className="field choice">
        <input type="radio" name="width" checked={!wide} disabled={kept} onChange={() => onWiden(false)} />
        {kept
          ? "this state alone: not possible, as it only keeps an output of another one"
          : "this state alone"}
      </label>
      <label className="field choice">
        <input type="radio" name="width" checked={wide} onChange={() => onWiden(true)} />
        every state of {identifier}; what is changed below is given to each
      </label>
    </fieldset>
  );
}

function startOf(state: State | null, wide: boolean): Start {
  if (state === null) return { at: "root" };
  return wide ? { at: "node", identifier: state.identifier } : { at: "state", id: state.id };
}
