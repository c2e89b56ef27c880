/** The schedules of a graph: when they are due, what came of them, and what can be done about them. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import type { Schedule } from "../api/types";
import { Confirm } from "../kit/Confirm";
import { Empty } from "../kit/Empty";
import { Problem } from "../kit/Problem";
import { Spinner } from "../kit/Spinner";
import { Time } from "../kit/Time";
import { useMay, useSession } from "../session/SessionContext";
import { runAt } from "../shell/addresses";
import { Firings } from "./Firings";
import { Outcome } from "./Outcome";
import { useSchedules } from "./useGraphs";

type Verb = "pause" | "resume" | "run";

export function Schedules({ namespace, graph }: { namespace: string; graph: string }) {
  const maySteer = useMay("steer");
  const schedules = useSchedules(namespace);
  const mine = schedules.data?.schedules.filter((one) => one.graph_name === graph) ?? [];
  if (schedules.isPending) return <Spinner what="Loading schedules" />;
  if (schedules.isError) return <Problem error={schedules.error} onRetry={() => void schedules.refetch()} />;
  return (
    <>
      {mine.length === 0 ? (
        <Empty title="No schedules">
          <p>This graph is started by hand or over the API. Its declaration may name schedules:</p>
          <pre>
            {'triggers:\n  - type: CRON\n    value: { expression: "0 9 * * 1-5", timezone: Europe/Paris }'}
          </pre>
        </Empty>
      ) : (
        <div className="scroll">
          <table className="table">
            <caption className="unseen">Schedules</caption>
            <thead>
              <tr>
                <th scope="col">Schedule</th>
                <th scope="col">Time zone</th>
                <th scope="col">What was missed</th>
                <th scope="col">Due next</th>
                <th scope="col">Last firing</th>
                {maySteer && (
                  <th scope="col">
                    <span className="unseen">Actions</span>
                  </th>
                )}
              </tr>
            </thead>
            <tbody>
              {mine.map((one) => (
                <tr key={one.index}>
                  <td>
                    <code>{one.expression}</code>
                  </td>
                  <td>{one.timezone}</td>
                  <td>{CATCHUPS[one.catchup]}</td>
                  <td>
                    <Due schedule={one} />
                  </td>
                  <td className="outcome">
                    {one.last_firing ? (
                      <Outcome namespace={namespace} firing={one.last_firing} />
                    ) : (
                      <span className="hint">none yet</span>
                    )}
                  </td>
                  {maySteer && (
                    <td className="right">
                      <ScheduleActions namespace={namespace} schedule={one} />
                    </td>
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <Firings namespace={namespace} graph={graph} />
    </>
  );
}

const CATCHUPS: Readonly<Record<Schedule["catchup"], string>> = {
  none: "is skipped",
  latest: "fires once",
  all: "fires, all of it",
};

function Due({ schedule }: { schedule: Schedule }) {
  if (schedule.paused) return <span className="badge retried">paused</span>;
  return schedule.next_due ? <Time at={schedule.next_due} /> : <span className="hint">never</span>;
}

function ScheduleActions({ namespace, schedule }: { namespace: string; schedule: Schedule }) {
  const { client } = useSession();
  const queries = useQueryClient();
  const [asking, setAsking] = useState(false);
  const path = { namespace, graph_name: schedule.graph_name, index: schedule.index };
  const act = useMutation({
    mutationFn: async (verb: Verb) => {
      const address = `/v0/namespace/{namespace}/graph/{graph_name}/schedule/{index}/${verb}` as const;
      return client.post(address, { path });
    },
    onSuccess: async () => {
      setAsking(false);
      await queries.invalidateQueries({ queryKey: ["schedules", namespace] });
    },
  });
  const started = act.data && "run_id" in act.data ? act.data.run_id : null;
  return (
    <div className="row end">
      {started && <Link to={runAt(namespace, started)}>the run</Link>}
      {act.error && !asking && <span className="problem">{act.error.message}</span>}
      <button type="button" className="button small" disabled={act.isPending} onClick={() => setAsking(true)}>
        Run now
      </button>
      <button
        type="button"
        className="button small"
        disabled={act.isPending}
        onClick={() => act.mutate(schedule.paused ? "resume" : "pause")}
      >
        {schedule.paused ? "Resume" : "Pause"}
      </button>
      <Confirm
        open={asking}
        title="Run this schedule now?"
        verb="Run now"
        busy={act.isPending}
        error={act.error}
        onClose={() => {
          setAsking(false);
          act.reset();
        }}
        onConfirm={() => act.mutate("run")}
      >
        <p>A run is started at once, as the schedule would. When it is due next stays as it is.</p>
      </Confirm>
    </div>
  );
}
