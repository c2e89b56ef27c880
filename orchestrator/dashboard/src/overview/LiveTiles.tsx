import type { ReactNode } from "react";
import { number, rate } from "../kit/format";
import { useFeedState } from "../live/useNamespaceEvents";
import { useQueues } from "../queues/useQueues";
import { useRuntimes } from "../runtimes/useRuntimes";
import { versionsOf } from "../runtimes/versions";

/** How it stands this moment. Where nothing goes on, nothing is told: then the queues say how much waits. */
export function LiveTiles({ namespace }: { namespace: string }) {
  const { stream, figures } = useFeedState();
  const queues = useQueues(namespace).data;
  const runtimes = useRuntimes(namespace).data;
  const alive = runtimes?.filter((runtime) => runtime.alive).length;
  const versions = versionsOf(runtimes ?? []).length;
  const still = stream === "live" ? 0 : undefined;
  const waits = figures?.depth ?? queues?.reduce((all, queue) => all + queue.depth, 0);
  const runs = figures?.running ?? queues?.reduce((all, queue) => all + queue.running, 0);
  return (
    <dl className="tiles">
      <Tile name="States a second">
        {told(figures?.succeeded_per_s ?? still, rate)} <small>succeed</small>
      </Tile>
      <Tile name="Failures a second">{told(figures?.failed_per_s ?? still, rate)}</Tile>
      <Tile name="Waiting">
        {told(waits, number)} <small>states</small>
      </Tile>
      <Tile name="Running">
        {told(runs, number)} <small>states</small>
      </Tile>
      <Tile name="Runtimes">
        {told(alive, number)} <small>alive{versions > 1 && ` on ${number(versions)} versions`}</small>
      </Tile>
    </dl>
  );
}

function Tile({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="tile">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** What is not known is a dash, and no zero. */
function told(value: number | undefined, format: (value: number) => string): string {
  return value === undefined ? "–" : format(value);
}
