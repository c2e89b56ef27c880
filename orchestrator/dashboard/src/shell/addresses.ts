/** The addresses of the pages. */

const of = (namespace: string, ...parts: string[]) =>
  ["/ns", ...[namespace, ...parts].map((part) => encodeURIComponent(part))].join("/");

export const overviewAt = (namespace: string) => of(namespace);
export const runsAt = (namespace: string) => of(namespace, "runs");
export const runAt = (namespace: string, run: string) => of(namespace, "runs", run);
export const graphsAt = (namespace: string) => of(namespace, "graphs");
export const graphAt = (namespace: string, graph: string) => of(namespace, "graphs", graph);
export const graphEditorAt = (namespace: string, graph: string) => of(namespace, "graphs", graph, "edit");
/** No graph can be called so. */
export const newGraphAt = (namespace: string) => of(namespace, "graphs", "-new");
export const nodesAt = (namespace: string) => of(namespace, "nodes");
export const nodeAt = (namespace: string, node: string) =>
  `${of(namespace, "nodes")}?${new URLSearchParams({ node })}`;
export const adminAt = (namespace: string) => of(namespace, "admin");
