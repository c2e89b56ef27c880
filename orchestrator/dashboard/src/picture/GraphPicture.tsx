/** A graph as a picture, with what each node has to show. Comes with the library that draws it, when it is needed. */

import {
  Background,
  Controls,
  type Edge,
  Handle,
  MarkerType,
  type Node,
  type NodeProps,
  Panel,
  Position,
  ReactFlow,
  type ReactFlowInstance,
} from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { useEffect, useMemo, useRef, useState } from "react";
import type { GraphNode } from "../api/types";
import { CountsBar } from "../kit/CountsBar";
import { number } from "../kit/format";
import type { Counts } from "../run/classes";
import { rootOf } from "../graphs/rootOf";
import { labelOf, waysOf } from "./flow";
import { HEIGHT, layout, type Place, WIDTH } from "./layout";
import { usePictureView } from "./usePictureView";

interface Shown extends Record<string, unknown> {
  node: GraphNode;
  counts: Counts | null;
  chosen: boolean;
  downwards: boolean;
}

interface Picture {
  nodes: readonly GraphNode[];
  /** How many states each node has, of a run; null for the graph itself. */
  countsOf: ((identifier: string) => Counts) | null;
  /** Identifier of the chosen node, or nothing. */
  chosen: string;
  onChoose(identifier: string): void;
}

const KINDS = { step: Step };
const FIT = { maxZoom: 1, padding: 0.12 };
/** Below this width a picture goes downwards, in px. */
const NARROW = 640;
const CORNER: Place = { x: 0, y: 0 };
/** Around the nodes, in px. */
const MARGIN = 110;

export default function GraphPicture({ nodes, countsOf, chosen, onChoose }: Picture) {
  const ways = useMemo(() => waysOf(nodes), [nodes]);
  const box = useRef<HTMLElement>(null);
  const [flow, setFlow] = useState<ReactFlowInstance<Node<Shown>, Edge> | null>(null);
  const [downwards, setDownwards] = useState(() => window.innerWidth < NARROW);
  const placed = useMemo(
    () =>
      layout(
        nodes.map((node) => node.identifier),
        ways,
        downwards,
      ),
    [nodes, ways, downwards],
  );
  useEffect(() => {
    if (box.current === null) return;
    const observer = new ResizeObserver(([entry]) =>
      setDownwards((entry?.contentRect.width ?? NARROW) < NARROW),
    );
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  const root = placed.places.get(rootOf({ nodes })?.identifier ?? "") ?? CORNER;
  const whole = usePictureView(flow, box, placed, root, downwards);
  const drawn: Node<Shown>[] = nodes.map((node) => ({
    id: node.identifier,
    type: "step",
    position: placed.places.get(node.identifier) ?? { x: 0, y: 0 },
    data: {
      node,
      counts: countsOf?.(node.identifier) ?? null,
      chosen: node.identifier === chosen,
      downwards,
    },
    ariaLabel: `Node ${node.identifier}`,
    width: WIDTH,
    height: HEIGHT,
  }));
  const edges: Edge[] = useMemo(
    () =>
      ways.map((way) => ({
        id: way.id,
        source: way.source,
        target: way.target,
        className: way.kind,
        // Beside the nodes that lie between.
        ...(way.kind === "next"
          ? { sourceHandle: "out", targetHandle: "in" }
          : { sourceHandle: "aside", targetHandle: "aside-in", type: "smoothstep" }),
        // A run shows how far it is; what its values are called is on the page of the graph.
        ...(countsOf ? {} : { label: labelOf(way) }),
        ...(way.kind === "next" ? { markerEnd: { type: MarkerType.ArrowClosed } } : {}),
        focusable: false,
      })),
    [ways, countsOf],
  );
  return (
    <section className="picture" aria-label="Graph" ref={box} style={{ height: placed.height + MARGIN }}>
      <ReactFlow
        nodes={drawn}
        onInit={setFlow}
        edges={edges}
        nodeTypes={KINDS}
        onNodeClick={(_, node) => onChoose(node.id === chosen ? "" : node.id)}
        onPaneClick={() => onChoose("")}
        nodesDraggable={false}
        nodesConnectable={false}
        elementsSelectable={false}
        nodesFocusable={false}
        edgesFocusable={false}
        preventScrolling={false}
        zoomOnScroll={false}
        minZoom={0.1}
        maxZoom={1.5}
        fitViewOptions={FIT}
      >
        <Background gap={22} />
        <Controls showInteractive={false} />
        {!whole && (
          <Panel position="top-right" className="hint picture-note">
            {number(nodes.length)} nodes; drag to see more
          </Panel>
        )}
      </ReactFlow>
    </section>
  );
}

function Step({ data }: NodeProps<Node<Shown>>) {
  const { node, counts, chosen, downwards } = data;
  const aside = downwards ? Position.Right : Position.Bottom;
  return (
    <div className={`step ${standing(counts)} ${chosen ? "chosen" : ""}`}>
      <Handle id="in" type="target" position={downwards ? Position.Top : Position.Left} />
      <Handle id="aside-in" type="target" position={aside} />
      {/* The picture takes the click; the button is there for the keyboard. */}
      <button type="button" className="step-name" aria-pressed={chosen}>
        {node.identifier}
      </button>
      <span className="hint step-class">
        {node.node_name}
        {node.unites && <span className="badge unites">unites {node.unites.identifier}</span>}
      </span>
      {counts && (
        <span className="step-counts">
          <CountsBar counts={counts} />
          <span className="hint">{number(counts.total)}</span>
        </span>
      )}
      <Handle id="out" type="source" position={downwards ? Position.Bottom : Position.Right} />
      <Handle id="aside" type="source" position={aside} />
    </div>
  );
}

/** What a node is drawn as: what went wrong in it before what goes on, and that before what is done. */
function standing(counts: Counts | null): string {
  if (counts === null || counts.total === 0) return "";
  if (counts.errored > 0) return "errored";
  if (counts.pending > 0) return "pending";
  return counts.cancelled > 0 ? "cancelled" : "success";
}
