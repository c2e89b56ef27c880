import type { Run, State } from "../api/types";
import { duration } from "../kit/format";
import { Moment } from "../kit/Moment";
import { useNow } from "../kit/useNow";
import { beganAt, isOver, segmentsOf, spentOn } from "../timeline/segments";
import { useDetails } from "./useDetails";

/** When a state was created, began and ended, and what its time was spent on. */
export function StateTimes({ namespace, run, state }: { namespace: string; run: Run; state: State }) {
  const now = useNow();
  const next = useDetails(namespace, run, state.retried_by ?? "");
  // A retry by hand begins to count anew.
  const byHand = next.data?.retry_count === 0;
  const began = beganAt(state, byHand);
  const spent = spentOn(segmentsOf(state, { retries: state.retry_count > 0, byHand }, now));
  return (
    <section>
      <h3>Times, in UTC</h3>
      <dl className="facts-list">
        <dt>Created</dt>
        <dd>
          <Moment at={state.created_at} />
        </dd>
        {state.due_at && (
          <>
            <dt>Due</dt>
            <dd>
              <Moment at={state.due_at} />
            </dd>
          </>
        )}
        {began !== null && (
          <>
            <dt>Began</dt>
            <dd>
              <Moment at={new Date(began).toISOString()} />
            </dd>
          </>
        )}
        <dt>{byHand ? "Retried by hand" : isOver(state) ? "Ended" : "Changed"}</dt>
        <dd>
          <Moment at={state.updated_at} />
        </dd>
        {spent.delay > 0 && (
          <>
            <dt>Delayed</dt>
            <dd>{duration(spent.delay)}</dd>
          </>
        )}
        {spent.waiting > 0 && (
          <>
            <dt>Waited</dt>
            <dd>{duration(spent.waiting)}</dd>
          </>
        )}
        {state.ran_ms != null && (
          <>
            <dt>Ran</dt>
            <dd>{duration(state.ran_ms)}</dd>
          </>
        )}
        {state.status === "QUEUED" && (
          <>
            <dt>Running</dt>
            <dd className="hint">a runtime has it; how long it ran is told when it ends</dd>
          </>
        )}
      </dl>
    </section>
  );
}
