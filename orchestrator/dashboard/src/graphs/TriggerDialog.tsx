import * as Ariakit from "@ariakit/react";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useMemo, useState } from "react";
import { useNavigate } from "react-router";
import type { Graph } from "../api/types";
import { Problem } from "../kit/Problem";
import { useSession } from "../session/SessionContext";
import { runAt } from "../shell/addresses";
import { bodyOf, type Field, fieldsOf, type Given, missing } from "./trigger";

/** Starts a run: asks for the root's inputs and the store, and leads to the run. */
export function TriggerDialog({
  namespace,
  graph,
  onClose,
}: {
  namespace: string;
  graph: Graph;
  onClose(): void;
}) {
  const { client } = useSession();
  const navigate = useNavigate();
  const fields = useMemo(() => fieldsOf(graph), [graph]);
  const [inputs, setInputs] = useState<Given>(new Map());
  const [store, setStore] = useState<Given>(new Map());
  const [delayS, setDelayS] = useState("");
  // One for each time that the form is opened: sent twice, it starts one run.
  const [once] = useState(() => `dashboard-${crypto.getRandomValues(new Uint32Array(4)).join("-")}`);
  const start = useMutation({
    mutationFn: () =>
      client.post("/v0/namespace/{namespace}/graph/{graph_name}/trigger", {
        path: { namespace, graph_name: graph.name },
        body: bodyOf(inputs, store, Number(delayS) || 0),
        headers: { "idempotency-key": once },
      }),
    onSuccess: (made) => void navigate(runAt(namespace, made.run_id)),
  });
  const absent = missing(fields.store, store);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    start.mutate();
  };
  return (
    <Ariakit.Dialog open onClose={onClose} className="dialog" backdrop={<div className="backdrop" />}>
      <Ariakit.DialogHeading>Start a run of {graph.name}</Ariakit.DialogHeading>
      <form onSubmit={submit} className="form">
        <Group title="Inputs of the root" fields={fields.inputs} given={inputs} onGive={setInputs} />
        <Group title="Store" fields={fields.store} given={store} onGive={setStore} />
        <label className="field">
          <span>Start after, in s</span>
          <input
            type="number"
            min="0"
            step="any"
            value={delayS}
            placeholder="0"
            onChange={(event) => setDelayS(event.target.value)}
          />
        </label>
        {start.isError && <Problem error={start.error} />}
        {absent.length > 0 && <p className="hint">Give {absent.join(", ")} first.</p>}
        <div className="row end">
          <Ariakit.DialogDismiss className="button">Back</Ariakit.DialogDismiss>
          <button type="submit" className="button primary" disabled={start.isPending || absent.length > 0}>
            Start
          </button>
        </div>
      </form>
    </Ariakit.Dialog>
  );
}

function Group({
  title,
  fields,
  given,
  onGive,
}: {
  title: string;
  fields: readonly Field[];
  given: Given;
  onGive(given: Given): void;
}) {
  if (fields.length === 0) return null;
  return (
    <fieldset>
      <legend>{title}</legend>
      {fields.map((field) => (
        <label key={field.name} className="field">
          <span>
            {field.name}
            {field.required && " (required)"}
          </span>
          <textarea
            rows={1}
            spellCheck={false}
            value={given.get(field.name) ?? ""}
            placeholder={field.fallback}
            required={field.required}
            onChange={(event) => {
              const after = new Map(given);
              // What is cleared holds its default again; an empty text can be given over the API.
              if (event.target.value === "") after.delete(field.name);
              else after.set(field.name, event.target.value);
              onGive(after);
            }}
          />
        </label>
      ))}
    </fieldset>
  );
}
