import { useEffect, useEffectEvent, useSyncExternalStore } from "react";
import type { NamespaceEvent } from "../api/watchNamespace";
import { useFeed } from "./FeedContext";
import type { FeedState } from "./NamespaceFeed";

/** Hear each event of the namespace while the page is there; returns how the stream stands. */
export function useNamespaceEvents(onEvent: (event: NamespaceEvent) => void): FeedState {
  const feed = useFeed();
  const hear = useEffectEvent(onEvent);
  // Before the stream is opened, so that not even its first event is missed.
  useEffect(() => feed.hear((event) => hear(event)), [feed]);
  return useFeedState();
}

/** How the stream of the namespace stands. */
export function useFeedState(): FeedState {
  const feed = useFeed();
  return useSyncExternalStore(feed.subscribe, feed.state);
}
