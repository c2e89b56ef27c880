import { useState } from "react";
import { Problem } from "../kit/Problem";
import { fieldsOf } from "../nodes/schema";
import { useNodes } from "../nodes/useNodes";

/** From so many nodes on one wants to search. */
const MANY = 8;

/** The nodes that are registered, with what they take and give: what a graph is put together from. */
export function NodePalette({ namespace }: { namespace: string }) {
  const nodes = useNodes(namespace);
  const [wanted, setWanted] = useState("");
  const found = (nodes.data?.nodes ?? []).filter((node) =>
    node.name.toLowerCase().includes(wanted.toLowerCase()),
  );
  return (
    <section className="card palette">
      <h2>Registered nodes</h2>
      {nodes.isError && <Problem error={nodes.error} onRetry={() => void nodes.refetch()} />}
      {nodes.data?.count === 0 && (
        <p className="hint">
          None yet: they appear when a runtime that has them starts. A graph can be saved before, and is valid
          from then on.
        </p>
      )}
      {(nodes.data?.count ?? 0) > MANY && (
        <input
          type="search"
          aria-label="Search nodes"
          placeholder="search"
          value={wanted}
          onChange={(event) => setWanted(event.target.value)}
        />
      )}
      {found.map((node) => (
        <details key={node.name}>
          <summary>{node.name}</summary>
          <dl className="facts-list">
            <dt>Inputs</dt>
            <dd>
              <Names
                of={fieldsOf(node.inputs_schema).map(
                  (field) => field.name + (field.required ? "" : " (optional)"),
                )}
              />
            </dd>
            <dt>Outputs</dt>
            <dd>
              <Names of={fieldsOf(node.outputs_schema).map((field) => field.name)} />
            </dd>
            {(node.secrets?.length ?? 0) > 0 && (
              <>
                <dt>Secrets</dt>
                <dd>
                  <Names of={node.secrets ?? []} />
                </dd>
              </>
            )}
          </dl>
        </details>
      ))}
    </section>
  );
}

function Names({ of }: { of: readonly string[] }) {
  return of.length > 0 ? <code>{of.join(", ")}</code> : <span className="hint">none</span>;
}
