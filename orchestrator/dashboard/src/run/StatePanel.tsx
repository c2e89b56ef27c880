/** All about one state: what went in, what came out, what went wrong, and what can be done. */

import type { Run, State } from "../api/types";
import { CopyButton } from "../kit/CopyButton";
import { DownloadButton } from "../kit/DownloadButton";
import { Problem } from "../kit/Problem";
import { Spinner } from "../kit/Spinner";
import { StatusBadge } from "../kit/StatusBadge";
import { LongText, Values } from "../kit/Values";
import { useMay } from "../session/SessionContext";
import type { LiveState } from "./live";
import { StateActions } from "./StateActions";
import { StateFacts } from "./StateFacts";
import { StateTimes } from "./StateTimes";
import { Tries } from "./Tries";
import { useDetails } from "./useDetails";
import { WrittenLines } from "./WrittenLines";

interface Panel {
  namespace: string;
  run: Run;
  stateId: string;
  told: LiveState | undefined;
  onChoose(state: string): void;
}

export function StatePanel({ namespace, run, stateId, told, onChoose }: Panel) {
  const maySteer = useMay("steer");
  const state = useDetails(namespace, run, stateId, told);
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
          <StateFacts namespace={namespace} run={run} state={state.data} onChoose={onChoose} />
          {state.data.error && (
            <section className="error-text">
              <h3>
                Error <CopyButton text={state.data.error} what="the error" />
                <DownloadButton
                  text={state.data.error}
                  name={`${state.data.id}-error.txt`}
                  kind="text/plain"
                />
              </h3>
              <LongText text={state.data.error} />
            </section>
          )}
          <Tries namespace={namespace} run={run} state={state.data} onChoose={onChoose} />
          <StateTimes namespace={namespace} run={run} state={state.data} />
          <Part title="Inputs" values={state.data.inputs} />
          <Part title="Outputs" values={state.data.outputs} />
          {state.data.data && (
            <section>
              <h3>Data it was pruned with</h3>
              <LongText text={JSON.stringify(state.data.data, null, 2)} />
            </section>
          )}
          <WrittenLines key={stateId} namespace={namespace} runId={run.run_id} stateId={stateId} />
          <Whole state={state.data} />
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

function Whole({ state }: { state: State }) {
  const text = JSON.stringify(state, null, 2);
  return (
    <p className="row hint">
      All of it as JSON
      <CopyButton text={text} what="the whole state" />
      <DownloadButton text={text} name={`${state.id}.json`} kind="application/json" />
    </p>
  );
}
