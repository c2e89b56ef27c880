import { useFeedState } from "./useNamespaceEvents";

/** Whether the page shows what happens as it happens. */
export function LiveBadge() {
  const { stream, problem } = useFeedState();
  if (stream === "live") return <span className="badge live">live</span>;
  if (stream === "opening") return null;
  return (
    <span className={stream === "lost" ? "badge retried" : "badge errored"} role="status">
      {stream === "lost" ? "connection lost, trying again" : `not live${problem && `: ${problem}`}`}
    </span>
  );
}
