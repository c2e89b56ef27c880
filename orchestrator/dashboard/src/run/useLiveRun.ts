import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { told } from "../api/errors";
import { type Stream, watchRun } from "../api/watchRun";
import { useSession } from "../session/SessionContext";
import { LiveRun } from "./live";

/** Between two drawings of the page, in ms. */
const REST_MS = 120;

export interface Watching {
  live: LiveRun;
  stream: Stream;
  /** Why the stream was refused. */
  problem: string;
}

/**
 * Follow a run while it is wanted.
 *
 * The events are taken at once, and the page is drawn anew a few times a second at most, however many come.
 */
export function useLiveRun(namespace: string, runId: string, wanted: boolean): Watching {
  const { client } = useSession();
  const live = useLiveOf(namespace, runId);
  const [stream, setStream] = useState<Stream>("opening");
  const [problem, setProblem] = useState("");
  useEffect(() => {
    if (!wanted) return;
    const given = new AbortController();
    void watchRun({
      client,
      namespace,
      runId,
      signal: given.signal,
      onEvents: (events) => live.take(events),
      onStream: (now, error) => {
        setStream(now);
        setProblem(error ? told(error) : "");
      },
    });
    return () => given.abort();
  }, [client, namespace, runId, wanted, live]);
  useDrawing(live);
  return { live, stream, problem };
}

function useLiveOf(namespace: string, runId: string): LiveRun {
  const of = `${namespace}/${runId}`;
  const [kept, setKept] = useState(() => ({ of, live: new LiveRun() }));
  if (kept.of === of) return kept.live;
  const fresh = { of, live: new LiveRun() };
  setKept(fresh);
  return fresh.live;
}

/** Draw the page anew for what has changed: at once, and then no sooner than after a rest, or it would do nothing else. */
function useDrawing(live: LiveRun): void {
  // Another object for each time that something has changed.
  const drawn = useRef({});
  useSyncExternalStore(
    (draw) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      let frame = 0;
      let last = Number.NEGATIVE_INFINITY;
      const leave = live.subscribe(() => {
        if (timer !== undefined) return;
        timer = setTimeout(
          () => {
            frame = requestAnimationFrame(() => {
              timer = undefined;
              last = performance.now();
              drawn.current = {};
              draw();
            });
          },
          Math.max(0, last + REST_MS - performance.now()),
        );
      });
      return () => {
        clearTimeout(timer);
        cancelAnimationFrame(frame);
        leave();
      };
    },
    () => drawn.current,
  );
}
