import { short } from "../kit/format";
import { isFurtherOutput } from "./furtherOutput";
import type { ShownState } from "./shown";
import { useExecuted } from "./useExecuted";

/** Which runtime executed a state, or why none did. */
export function Worker({ namespace, run, state, onChoose }: ShownState) {
  const executed = useExecuted(namespace, run, state);
  if (state.worker) return <code>{state.worker}</code>;
  if (!isFurtherOutput(state)) return <span className="hint">none has reported</span>;
  return (
    <span className="hint">
      none of its own: it keeps one of several outputs of one execution
      {executed !== null && (
        <>
          , that of{" "}
          <button type="button" className="link id" title={executed} onClick={() => onChoose(executed)}>
            {short(executed)}
          </button>
        </>
      )}
    </span>
  );
}
