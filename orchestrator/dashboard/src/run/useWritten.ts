import { useEffect, useState } from "react";
import { told } from "../api/errors";
import type { Stream } from "../api/follow";
import { watchLogs } from "../api/watchLogs";
import { useSession } from "../session/SessionContext";
import { NOTHING_WRITTEN, type Written, withEvents } from "./written";

/** Between two drawings of what comes in, in ms. */
const REST_MS = 120;

export interface WrittenLines extends Written {
  stream: Stream;
  /** Why the stream was refused. */
  problem: string;
}

/** Follow what a state writes. Whoever shows another state uses another instance, by its `key`. */
export function useWritten(namespace: string, runId: string, stateId: string): WrittenLines {
  const { client } = useSession();
  const [written, setWritten] = useState(NOTHING_WRITTEN);
  const [stream, setStream] = useState<Stream>("opening");
  const [problem, setProblem] = useState("");
  useEffect(() => {
    const given = new AbortController();
    let current = NOTHING_WRITTEN;
    let timer: ReturnType<typeof setTimeout> | undefined;
    void watchLogs({
      client,
      namespace,
      runId,
      stateId,
      signal: given.signal,
      onEvents: (events) => {
        current = withEvents(current, events);
        // However much is written: the page is drawn anew a few times a second at most.
        timer ??= setTimeout(() => {
          timer = undefined;
          setWritten(current);
        }, REST_MS);
      },
      onStream: (now, error) => {
        setStream(now);
        setProblem(error ? told(error) : "");
      },
    });
    return () => {
      given.abort();
      clearTimeout(timer);
    };
  }, [client, namespace, runId, stateId]);
  return { ...written, stream, problem };
}
