/** Addresses without a namespace: leads to one that the key is good for. */

import { useQuery } from "@tanstack/react-query";
import { Navigate, useLocation } from "react-router";
import { Problem } from "../kit/Problem";
import { Spinner } from "../kit/Spinner";
import { storedNamespace } from "../session/keyStore";
import { useSession } from "../session/SessionContext";
import { chooseNamespace } from "./chooseNamespace";

export function Home() {
  const { client, me } = useSession();
  const { pathname } = useLocation();
  const known = useQuery({
    queryKey: ["namespaces"],
    queryFn: ({ signal }) => client.get("/v0/namespaces", { signal }),
  });
  if (known.isError) return <Problem error={known.error} onRetry={() => void known.refetch()} />;
  if (known.isPending) return <Spinner what="Looking for namespaces" />;
  const chosen = chooseNamespace(known.data.namespaces, me.namespace, storedNamespace());
  const rest = /^\/(runs|graphs)(\/|$)/.test(pathname) ? pathname : "";
  return <Navigate replace to={`/ns/${encodeURIComponent(chosen)}${rest}`} />;
}
