import type { State } from "../api/types";
import { duration } from "../kit/format";
import { Moment } from "../kit/Moment";
import { useNow } from "../kit/useNow";
import { beganAt, isOver, segmentsOf, spentOn } from "../timeline/segments";

/** When a state was created, began and ended, and what its time was spent on. */
export function StateTimes({ state }: { state: State }) {
  const now = useNow();
  const began = beganAt(state);
  const spent = spentOn(segmentsOf(state, state.retry_count > 0, now));
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
        <dt>{isOver(state) ? "Ended" : "Changed"}</dt>
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
