import { createContext, type ReactNode, useContext, useEffect, useMemo } from "react";
import { told } from "../api/errors";
import { watchNamespace } from "../api/watchNamespace";
import { useSession } from "../session/SessionContext";
import { NamespaceFeed } from "./NamespaceFeed";

const FeedContext = createContext<NamespaceFeed | null>(null);

/** Around the pages of a namespace: what they hear of it comes over one connection. */
export function FeedProvider({ namespace, children }: { namespace: string; children: ReactNode }) {
  const { client } = useSession();
  const feed = useMemo(
    () =>
      new NamespaceFeed(({ signal, onEvent, onStream }) => {
        void watchNamespace({
          client,
          namespace,
          signal,
          onEvent,
          onStream: (stream, error) => onStream(stream, error ? told(error) : ""),
        });
      }),
    [client, namespace],
  );
  useEffect(() => {
    const look = () => feed.show(document.visibilityState === "visible");
    look();
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, [feed]);
  return <FeedContext.Provider value={feed}>{children}</FeedContext.Provider>;
}

export function useFeed(): NamespaceFeed {
  const feed = useContext(FeedContext);
  if (feed === null) throw new Error("useFeed outside of FeedProvider");
  return feed;
}
