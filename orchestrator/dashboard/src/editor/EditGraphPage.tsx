import { useState } from "react";
import { Link, useParams } from "react-router";
import type { Graph } from "../api/types";
import { useGraph } from "../graphs/useGraphs";
import { templateOf } from "../graphs/template";
import { textOf } from "../graphs/text";
import { Answer } from "../kit/Answer";
import { useTitle } from "../kit/useTitle";
import { useMay } from "../session/SessionContext";
import { graphAt, graphsAt } from "../shell/addresses";
import { useNamespace } from "../shell/useNamespace";
import { GraphEditor } from "./GraphEditor";
import { ReadOnly } from "./ReadOnly";

export function EditGraphPage() {
  const namespace = useNamespace();
  const { graphName = "" } = useParams();
  useTitle(`Edit ${graphName}`);
  const mayWrite = useMay("write");
  const graph = useGraph(namespace, graphName);
  return (
    <>
      <nav aria-label="Way here" className="hint">
        <Link to={graphsAt(namespace)}>Graphs</Link> /{" "}
        <Link to={graphAt(namespace, graphName)}>{graphName}</Link>
      </nav>
      <h1>Edit {graphName}</h1>
      {mayWrite ? (
        <Answer query={graph}>
          {(found) => <Begun key={found.name} namespace={namespace} graph={found} />}
        </Answer>
      ) : (
        <ReadOnly />
      )}
    </>
  );
}

/** The version that was there when somebody began stays the one that is edited. */
function Begun({ namespace, graph }: { namespace: string; graph: Graph }) {
  const [base] = useState(graph);
  const [beginning] = useState(() => textOf(templateOf(graph), "yaml"));
  return <GraphEditor namespace={namespace} base={base} beginning={beginning} />;
}
