import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { told } from "../api/errors";
import { type Stream, watchRun } from "../api/watchRun";
import { useSession } from "../session/SessionContext";
import { LiveRun } from "./live";

export interface Watching {
  live: LiveRun;
  stream: Stream;
  /** Why the stream was refused. */
  problem: string;
}

/**
 * Follow a run while it is wanted.
 *
 * The events are taken at once and the page is drawn anew once a frame at most, however many come.
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
  useFrames(live);
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

function useFrames(live: LiveRun): void {
  // Another object for each frame that something has changed for.
  const drawn = useRef({});
  useSyncExternalStore(
    (draw) => {
      let frame = 0;
      const leave = live.subscribe(() => {
        frame ||= requestAnimationFrame(() => {
          frame = 0;
          drawn.current = {};
          draw();
        });
      });
      return () => {
        cancelAnimationFrame(frame);
        leave();
      };
    },
    () => drawn.current,
  );
}
