/** Cancel or retry the runs that are ticked. */

import { useEffect, useRef, useState } from "react";
import { sleep } from "../api/pause";
import type { RunSummary } from "../api/types";
import { Confirm } from "../kit/Confirm";
import { number } from "../kit/format";
import { useSession } from "../session/SessionContext";
import { BulkOutcome } from "./BulkOutcome";
import { type BulkResult, forEachRun } from "./bulk";

type Verb = "cancel" | "retry";

const WHAT: Readonly<Record<Verb, string>> = {
  cancel: "Their states that wait are not executed any more; what runs now is stopped.",
  retry: "Every state in them that failed is executed anew.",
};

interface Work {
  total: number;
  result: BulkResult;
  over: boolean;
}

export function BulkActions({
  namespace,
  chosen,
  onDone,
  onChange,
}: {
  namespace: string;
  chosen: readonly RunSummary[];
  /** Called when all that was chosen was dealt with. */
  onDone(): void;
  /** Called when the list should be read again. */
  onChange(): void;
}) {
  const { client } = useSession();
  const [verb, setVerb] = useState<Verb | null>(null);
  const [work, setWork] = useState<Work | null>(null);
  const given = useRef(new AbortController());
  // Who leaves the page begins no further call; those that are under way go on.
  useEffect(() => () => given.current.abort(), []);
  const runs = { cancel: idsOf(chosen, "PENDING"), retry: idsOf(chosen, "FAILED") };
  const busy = work !== null && !work.over;

  const act = async (which: Verb) => {
    const ids = runs[which];
    const mine = new AbortController();
    given.current = mine;
    setVerb(null);
    setWork({ total: ids.length, result: { done: 0, refused: new Map() }, over: false });
    const result = await forEachRun(
      ids,
      (run_id) =>
        client.post(`/v0/namespace/{namespace}/run/{run_id}/${which}`, { path: { namespace, run_id } }),
      {
        signal: mine.signal,
        pause: sleep,
        onProgress: (now) => setWork({ total: ids.length, result: now, over: false }),
      },
    );
    setWork({ total: ids.length, result, over: true });
    onDone();
    onChange();
  };

  return (
    <>
      {chosen.length > 0 && !busy && (
        <div className="row bulk" role="toolbar" aria-label="Chosen runs">
          <span>{number(chosen.length)} chosen</span>
          <button
            type="button"
            className="button"
            disabled={!runs.retry.length}
            onClick={() => setVerb("retry")}
          >
            Retry {number(runs.retry.length)} failed
          </button>
          <button
            type="button"
            className="button"
            disabled={!runs.cancel.length}
            onClick={() => setVerb("cancel")}
          >
            Cancel {number(runs.cancel.length)} pending
          </button>
          <button type="button" className="button quiet" onClick={onDone}>
            Choose none
          </button>
        </div>
      )}
      {work && (
        <BulkOutcome
          {...work}
          namespace={namespace}
          onStop={() => given.current.abort()}
          onClose={() => setWork(null)}
        />
      )}
      {verb && (
        <Confirm
          open
          title={`${verb === "cancel" ? "Cancel" : "Retry"} ${number(runs[verb].length)} runs?`}
          verb={verb === "cancel" ? "Cancel them" : "Retry them"}
          dangerous={verb === "cancel"}
          busy={false}
          error={null}
          onClose={() => setVerb(null)}
          onConfirm={() => void act(verb)}
        >
          <p>{WHAT[verb]}</p>
        </Confirm>
      )}
    </>
  );
}

function idsOf(runs: readonly RunSummary[], status: string): string[] {
  return runs.filter((run) => run.status === status).map((run) => run.run_id);
}
