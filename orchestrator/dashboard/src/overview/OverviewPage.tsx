import { useQueryClient } from "@tanstack/react-query";
import { useSearchParams } from "react-router";
import { useTitle } from "../kit/useTitle";
import { LiveBadge } from "../live/LiveBadge";
import { useReread } from "../live/useReread";
import { SPANS } from "../runs/filter";
import { useNamespace } from "../shell/useNamespace";
import { DueCard } from "./DueCard";
import { FailuresCard } from "./FailuresCard";
import { LiveTiles } from "./LiveTiles";
import { QueuesCard } from "./QueuesCard";
import { RatesCard } from "./RatesCard";
import { RunsCard } from "./RunsCard";
import { RuntimesCard } from "./RuntimesCard";

const SPAN = "24h";
const DAY_MS = 86_400_000;

export function OverviewPage() {
  useTitle("Overview");
  const namespace = useNamespace();
  const queries = useQueryClient();
  const [search, setSearch] = useSearchParams();
  const within = (search.get("within") ?? "") in SPANS ? (search.get("within") ?? SPAN) : SPAN;
  const backMs = SPANS[within] ?? DAY_MS;
  const all = ["namespace", namespace];
  const schedules = ["schedules", namespace];
  useReread({
    begin: [all, schedules],
    runs: [[...all, "newest"], [...all, "failures"], schedules],
    figures: [
      [...all, "figures"],
      [...all, "queues"],
      [...all, "runtimes"],
    ],
  });
  return (
    <>
      <div className="row head">
        <h1>Overview</h1>
        <LiveBadge />
        <span className="spring" />
        <label className="field">
          <span>Runs of the last</span>
          <select
            value={within}
            onChange={(event) => setSearch({ within: event.target.value }, { replace: true })}
          >
            {Object.keys(SPANS).map((span) => (
              <option key={span}>{span}</option>
            ))}
          </select>
        </label>
        <button
          type="button"
          className="button"
          onClick={() => {
            void queries.invalidateQueries({ queryKey: all });
            void queries.invalidateQueries({ queryKey: schedules });
          }}
        >
          Refresh
        </button>
      </div>
      <LiveTiles namespace={namespace} />
      <div className="cards wide-cards">
        <RunsCard namespace={namespace} within={within} backMs={backMs} />
        <RatesCard namespace={namespace} />
        <FailuresCard namespace={namespace} within={within} backMs={backMs} />
        <QueuesCard namespace={namespace} />
        <RuntimesCard namespace={namespace} />
        <DueCard namespace={namespace} />
      </div>
    </>
  );
}
