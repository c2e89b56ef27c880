import { Link } from "react-router";
import type { Queue } from "../api/types";
import { Answer } from "../kit/Answer";
import { number } from "../kit/format";
import { OldestAge } from "../queues/OldestAge";
import { QueueSwitch } from "../queues/QueueSwitch";
import { useQueues } from "../queues/useQueues";
import { useMay } from "../session/SessionContext";
import { nodeAt, nodesAt } from "../shell/addresses";

const SHOWN = 10;

/** What waits and runs, the busiest nodes first. */
export function QueuesCard({ namespace }: { namespace: string }) {
  const queues = useQueues(namespace);
  return (
    <section className="card" aria-label="Queues">
      <h2>Queues</h2>
      <Answer query={queues}>
        {(found) => <Queues namespace={namespace} queues={found} readAt={queues.dataUpdatedAt} />}
      </Answer>
    </section>
  );
}

function Queues({
  namespace,
  queues,
  readAt,
}: {
  namespace: string;
  queues: readonly Queue[];
  readAt: number;
}) {
  const maySteer = useMay("steer");
  if (queues.length === 0) return <p className="hint">none: no runtime has registered a node here</p>;
  const busiest = [...queues]
    .sort((one, other) => weight(other) - weight(one) || one.node_name.localeCompare(other.node_name))
    .slice(0, SHOWN);
  return (
    <>
      <div className="scroll">
        <table className="table small">
          <caption className="unseen">Queues, the busiest first</caption>
          <thead>
            <tr>
              <th scope="col">Node</th>
              <th scope="col" className="right">
                Waiting
              </th>
              <th scope="col" className="right">
                Oldest
              </th>
              <th scope="col" className="right">
                Running
              </th>
              {maySteer && (
                <th scope="col">
                  <span className="unseen">Steer</span>
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {busiest.map((queue) => (
              <tr key={queue.node_name}>
                <td>
                  <Link className="name" title={queue.node_name} to={nodeAt(namespace, queue.node_name)}>
                    {queue.node_name}
                  </Link>{" "}
                  {queue.paused && <span className="badge retried">paused</span>}
                </td>
                <td className="right">{number(queue.depth)}</td>
                <td className="right">
                  <OldestAge ageMs={queue.oldest_age_ms} readAt={readAt} />
                </td>
                <td className="right">{number(queue.running)}</td>
                {maySteer && (
                  <td className="right">
                    <QueueSwitch namespace={namespace} node={queue.node_name} paused={queue.paused} />
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {queues.length > SHOWN && (
        <p className="hint">
          The busiest of <Link to={nodesAt(namespace)}>{number(queues.length)} nodes</Link>.
        </p>
      )}
    </>
  );
}

/** A paused queue is always worth a line. */
function weight(queue: Queue): number {
  return queue.paused ? Number.POSITIVE_INFINITY : queue.depth + queue.running;
}
