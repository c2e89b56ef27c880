import { short } from "../kit/format";
import { headline } from "../kit/headline";
import { StatusBadge } from "../kit/StatusBadge";
import type { ShownState } from "./shown";
import { useTries } from "./useTries";

/** The attempts of a state: the ones before it, and those that retry it. */
export function Tries({ namespace, run, state, onChoose }: ShownState) {
  const tries = useTries(namespace, run, state);
  if (tries.length < 2) return null;
  return (
    <section>
      <h3>{tries.length} tries</h3>
      <ol className="tries">
        {tries.map(({ id, state: found }) => {
          const status = id === state.id ? state.status : found?.status;
          return (
            <li key={id} aria-current={id === state.id ? "true" : undefined}>
              <button type="button" className="link id" title={id} onClick={() => onChoose(id)}>
                {short(id)}
              </button>
              {status && <StatusBadge status={status} />}
              <span className="hint">{headline(id === state.id ? state.error : found?.error)}</span>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
