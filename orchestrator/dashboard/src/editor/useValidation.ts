import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { ApiError } from "../api/errors";
import type { Schema } from "../api/types";
import { useSession } from "../session/SessionContext";

const NOTHING: readonly string[] = [];

/** What the state manager would say of a graph, were it saved now with secrets of these names. */
export function useValidation(
  namespace: string,
  name: string,
  body: Schema<"UpsertGraphRequest"> | null,
  secrets: readonly string[],
) {
  const { client } = useSession();
  const found = useQuery({
    queryKey: ["validation", namespace, name, JSON.stringify(body), ...secrets],
    queryFn: async ({ signal }): Promise<readonly string[]> => {
      try {
        const judged = await client.post("/v0/namespace/{namespace}/graph/{graph_name}/validate", {
          path: { namespace, graph_name: name },
          // Their names are judged; their values are nobody's business before they are saved.
          body: {
            ...body,
            nodes: body?.nodes ?? [],
            secrets: Object.fromEntries(secrets.map((one) => [one, ""])),
          },
          signal,
        });
        return judged.errors;
      } catch (fault) {
        // A body of another form, or nodes that the key is not good for, are refused before they are judged.
        if (fault instanceof ApiError && !fault.passes) return faultsOf(fault);
        throw fault;
      }
    },
    enabled: body !== null,
    placeholderData: keepPreviousData,
    gcTime: 0,
  });
  return {
    messages: (body !== null && found.data) || NOTHING,
    isChecking: found.isFetching,
    isFresh: found.isSuccess && !found.isPlaceholderData,
    error: found.error,
  };
}

/** Everything that an answer says is wrong. */
export function faultsOf(fault: ApiError): readonly string[] {
  return fault.errors.length > 0 ? fault.errors : [fault.detail];
}
