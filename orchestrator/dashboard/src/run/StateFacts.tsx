import { CopyButton } from "../kit/CopyButton";
import { short } from "../kit/format";
import type { ShownState } from "./shown";
import { Worker } from "./Worker";

/** What a state is: node, worker, attempt, parents. */
export function StateFacts({ namespace, run, state, onChoose }: ShownState) {
  const parents = Object.entries(state.parents);
  return (
    <dl className="facts-list">
      <dt>Id</dt>
      <dd>
        <code>{state.id}</code> <CopyButton text={state.id} what="the id of the state" />
      </dd>
      <dt>Node</dt>
      <dd>{state.node_name}</dd>
      <dt>Worker</dt>
      <dd>
        <Worker namespace={namespace} run={run} state={state} onChoose={onChoose} />
      </dd>
      <dt>Attempt</dt>
      <dd>
        {state.attempt}
        {state.retry_count > 0 && `, retry ${state.retry_count}`}
      </dd>
      <dt>{parents.length > 1 ? "Parents" : "Parent"}</dt>
      <dd>
        {parents.length === 0 && <span className="hint">none: the run began with it</span>}
        <ul className="plain tight">
          {parents.map(([identifier, id]) => (
            <li key={identifier}>
              {identifier}{" "}
              <button type="button" className="link id" title={id} onClick={() => onChoose(id)}>
                {short(id)}
              </button>
            </li>
          ))}
        </ul>
      </dd>
    </dl>
  );
}
