/** What a run is and how it stands, and what can be done to it. */

import { Link } from "react-router";
import type { Run } from "../api/types";
import { CopyButton } from "../kit/CopyButton";
import { CountsBar } from "../kit/CountsBar";
import { duration, number } from "../kit/format";
import { StatusBadge } from "../kit/StatusBadge";
import { Time } from "../kit/Time";
import { useNow } from "../kit/useNow";
import { useMay } from "../session/SessionContext";
import { graphAt, runAt, runsAt } from "../shell/addresses";
import { CLASSES, type Counts } from "./classes";
import { RunActions } from "./RunActions";
import type { Watching } from "./useLiveRun";

export function RunHead({
  namespace,
  run,
  watching,
  counts,
}: {
  namespace: string;
  run: Run;
  watching: Watching;
  counts: Counts;
}) {
  const maySteer = useMay("steer");
  const status = (run.status === "PENDING" && watching.live.whole && watching.live.status) || run.status;
  return (
    <header className="run-head">
      <nav aria-label="Way here" className="hint">
        <Link to={runsAt(namespace)}>Runs</Link> /{" "}
        <Link to={graphAt(namespace, run.graph_name)}>{run.graph_name}</Link>
      </nav>
      <div className="row head">
        <h1>
          {run.graph_name} <StatusBadge status={status} />
        </h1>
        {run.status === "PENDING" && <StreamNote watching={watching} />}
        <span className="spring" />
        {maySteer && <RunActions namespace={namespace} run={run} failed={counts.errored} status={status} />}
      </div>
      <p className="row hint facts">
        <span>
          <code className="id">{run.run_id}</code> <CopyButton text={run.run_id} what="the id of the run" />
        </span>
        <span>version {run.version}</span>
        <span>
          created <Time at={run.created_at} />
        </span>
        <span>
          <Took run={run} />
        </span>
        {run.rerun_of && (
          <span>
            rerun of <Link to={runAt(namespace, run.rerun_of)}>{run.rerun_of}</Link>
          </span>
        )}
        {run.reruns?.map((id) => (
          <span key={id}>
            run again as <Link to={runAt(namespace, id)}>{id}</Link>
          </span>
        ))}
      </p>
      <CountsBar counts={counts} />
      <p className="row hint facts">
        {CLASSES.filter((one) => counts[one] > 0).map((one) => (
          <span key={one}>
            <span className={`dot ${one}`} aria-hidden="true" /> {number(counts[one])} {one}
          </span>
        ))}
        <span>
          {number(counts.total)} {counts.total === 1 ? "state" : "states"}
        </span>
      </p>
    </header>
  );
}

function Took({ run }: { run: Run }) {
  const now = useNow();
  const end = run.ended_at ? Date.parse(run.ended_at) : now;
  return (
    <>
      {run.ended_at ? "took " : "for "}
      {duration(end - Date.parse(run.created_at))}
    </>
  );
}

function StreamNote({ watching }: { watching: Watching }) {
  if (watching.stream === "lost") {
    return (
      <span className="badge retried" role="status">
        connection lost, trying again
      </span>
    );
  }
  if (watching.stream === "refused") {
    return (
      <span className="badge errored" role="status">
        not live: {watching.problem}
      </span>
    );
  }
  return watching.stream === "live" ? <span className="badge live">live</span> : null;
}
