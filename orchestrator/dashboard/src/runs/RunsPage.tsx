import { useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
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
  const filter = filterOf(search);
  const bulk = search.get(BULK) ?? "";
  const { work, begin, stop, close } = useBulkWork(namespace);
  const change = useCallback(
    (what: Partial<RunFilter> & { bulk?: string }) =>
      setSearch(
        (before) => {
          const after = searchOf({ ...filterOf(before), ...what });
          const kept = what.bulk ?? before.get(BULK) ?? "";
          if (kept) after.set(BULK, kept);
          return after;
        },
        { replace: true },
      ),
    [setSearch],
  );
  return (
    <>
      <div className="row head">
        <h1>Runs</h1>
        <LiveBadge />
        <span className="spring" />
        <RunIdField namespace={namespace} />
        {maySteer && (
          <RetryAll namespace={namespace} filter={filter} onBegun={(id) => change({ bulk: id })} />
        )}
        <button type="button" className="button" onClick={() => void queries.resetQueries({ queryKey })}>
          Refresh
        </button>
      </div>
      <RunFilters namespace={namespace} filter={filter} onChange={change} />
      {bulk && (
        <BulkRetryPanel key={bulk} namespace={namespace} id={bulk} onClose={() => change({ bulk: "" })} />
      )}
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
