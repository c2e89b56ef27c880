import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useSearchParams } from "react-router";
import { useTitle } from "../kit/useTitle";
import { LiveBadge } from "../live/LiveBadge";
import { useMay } from "../session/SessionContext";
import { useNamespace } from "../shell/useNamespace";
import { BulkOutcome } from "./BulkOutcome";
import { BulkRetryPanel } from "./BulkRetryPanel";
import { filterOf, type RunFilter, searchOf } from "./filter";
import { RetryAll } from "./RetryAll";
import { RunFilters } from "./RunFilters";
import { RunIdField } from "./RunIdField";
import { RunList } from "./RunList";
import { useBulkWork } from "./useBulkWork";

/** Of the address, the id of a retry of many runs that is looked at. */
const BULK = "bulk";

export function RunsPage() {
  useTitle("Runs");
  const namespace = useNamespace();
  const maySteer = useMay("steer");
  const queries = useQueryClient();
  const queryKey = ["runs", namespace];
  const [search, setSearch] = useSearchParams();
  const address = search.toString();
  // What was chosen holds at once; the address follows.
  const [wanted, setWanted] = useState<{ at: string; filter: RunFilter } | null>(null);
  const filter = wanted?.at === address ? wanted.filter : filterOf(search);
  const bulk = search.get(BULK) ?? "";
  const { work, begin, stop, close } = useBulkWork(namespace);
  const go = (next: RunFilter, retry: string) => {
    const after = searchOf(next);
    if (retry) after.set(BULK, retry);
    setSearch(after, { replace: true });
  };
  const change = (what: Partial<RunFilter>) => {
    const next = { ...filter, ...what };
    setWanted({ at: address, filter: next });
    go(next, bulk);
  };
  return (
    <>
      <div className="row head">
        <h1>Runs</h1>
        <LiveBadge />
        <span className="spring" />
        <RunIdField namespace={namespace} />
        {maySteer && <RetryAll namespace={namespace} filter={filter} onBegun={(id) => go(filter, id)} />}
        <button type="button" className="button" onClick={() => void queries.resetQueries({ queryKey })}>
          Refresh
        </button>
      </div>
      <RunFilters namespace={namespace} filter={filter} onChange={change} />
      {bulk && <BulkRetryPanel key={bulk} namespace={namespace} id={bulk} onClose={() => go(filter, "")} />}
      {work && <BulkOutcome namespace={namespace} work={work} onStop={stop} onClose={close} />}
      <RunList
        key={searchOf(filter).toString()}
        namespace={namespace}
        filter={filter}
        busy={work !== null && !work.over}
        onAct={(verb, ids) => void begin(verb, ids)}
      />
    </>
  );
}
