import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "react-router";
import type { ApiClient } from "../api/client";
import { ApiError } from "../api/errors";
import type { Graph, Schema } from "../api/types";
import { useSession } from "../session/SessionContext";
import { graphAt } from "../shell/addresses";

export interface Saving {
  name: string;
  body: Schema<"UpsertGraphRequest">;
  secrets: ReadonlyMap<string, string>;
  /** Save although somebody else has saved meanwhile. */
  over: boolean;
}

/** Somebody else was there first. */
export class Overtaken extends Error {
  override name = "Overtaken";

  constructor(
    message: string,
    /** Whether one may save all the same, as a version after theirs. */
    readonly mayGoOn: boolean,
  ) {
    super(message);
  }
}

/**
 * Save a graph and show it.
 *
 * @param base the version that was edited; null for a graph that is new.
 */
export function useSave(namespace: string, base: Graph | null) {
  const { client } = useSession();
  const queries = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: async ({ name, body, secrets, over }: Saving): Promise<Graph> => {
      if (!over) refuseOvertaken(await find(client, namespace, name), base);
      return client.put("/v0/namespace/{namespace}/graph/{graph_name}", {
        path: { namespace, graph_name: name },
        body: { ...body, secrets: Object.fromEntries(secrets) },
      });
    },
    onSuccess: async (saved) => {
      queries.setQueryData(["graph", namespace, saved.name], saved);
      await navigate(graphAt(namespace, saved.name), {
        state: { saved: saved.version, unchanged: saved.version === base?.version },
      });
      await queries.invalidateQueries({ queryKey: ["graph", namespace, saved.name] });
      await queries.invalidateQueries({ queryKey: ["graphs", namespace] });
      await queries.invalidateQueries({ queryKey: ["schedules", namespace] });
    },
  });
}

async function find(client: ApiClient, namespace: string, name: string): Promise<Graph | null> {
  try {
    return await client.get("/v0/namespace/{namespace}/graph/{graph_name}", {
      path: { namespace, graph_name: name },
    });
  } catch (fault) {
    if (fault instanceof ApiError && fault.status === 404) return null;
    throw fault;
  }
}

function refuseOvertaken(there: Graph | null, base: Graph | null): void {
  if (base === null && there !== null) {
    throw new Overtaken(
      `There is a graph ${there.name} already; edit that one, or choose another name.`,
      false,
    );
  }
  if (base !== null && there !== null && there.version !== base.version) {
    throw new Overtaken(
      `Version ${there.version} was saved since you began with version ${base.version}. Saving makes a version after it, without its changes.`,
      true,
    );
  }
}
