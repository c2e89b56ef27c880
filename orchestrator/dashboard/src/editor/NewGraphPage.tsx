import { useState } from "react";
import { Link } from "react-router";
import type { Schema } from "../api/types";
import { Answer } from "../kit/Answer";
import { useTitle } from "../kit/useTitle";
import { useNodes } from "../nodes/useNodes";
import { useMay } from "../session/SessionContext";
import { graphsAt } from "../shell/addresses";
import { useNamespace } from "../shell/useNamespace";
import { firstGraph } from "./first";
import { GraphEditor } from "./GraphEditor";
import { ReadOnly } from "./ReadOnly";

export function NewGraphPage() {
  const namespace = useNamespace();
  useTitle("New graph");
  const mayWrite = useMay("write");
  const nodes = useNodes(namespace);
  return (
    <>
      <nav aria-label="Way here" className="hint">
        <Link to={graphsAt(namespace)}>Graphs</Link>
      </nav>
      <h1>New graph</h1>
      {mayWrite ? (
        <Answer query={nodes}>{(found) => <Begun namespace={namespace} nodes={found.nodes} />}</Answer>
      ) : (
        <ReadOnly />
      )}
    </>
  );
}

/** Nodes that register while somebody writes change nothing of what was begun with. */
function Begun({ namespace, nodes }: { namespace: string; nodes: readonly Schema<"RegisteredNode">[] }) {
  const [beginning] = useState(() => firstGraph(namespace, nodes));
  return <GraphEditor namespace={namespace} base={null} beginning={beginning} />;
}
