import { useState } from "react";
import type { Graph } from "../api/types";
import { CopyButton } from "../kit/CopyButton";
import { DownloadButton } from "../kit/DownloadButton";
import { templateOf } from "./template";
import { type Format, textOf } from "./text";
import { FormatSwitch } from "./FormatSwitch";

const KINDS: Readonly<Record<Format, string>> = { yaml: "application/yaml", json: "application/json" };

/** The declaration of a graph as text. */
export default function Source({ graph }: { graph: Graph }) {
  const [format, setFormat] = useState<Format>("yaml");
  const text = textOf(templateOf(graph), format);
  const secrets = Object.keys(graph.secrets);
  return (
    <section className="card">
      <div className="row">
        <h2>Source</h2>
        <FormatSwitch format={format} onChange={setFormat} />
        <span className="spring" />
        <CopyButton text={text} what="the source of the graph" />
        <DownloadButton text={text} name={`${graph.name}.${format}`} kind={KINDS[format]} />
      </div>
      {secrets.length > 0 && (
        <p className="hint">Without its secrets, whose values are never shown: {secrets.join(", ")}.</p>
      )}
      <pre className="source">{text}</pre>
    </section>
  );
}
