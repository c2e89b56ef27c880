import { Link } from "react-router";
import { Empty } from "../kit/Empty";
import { number } from "../kit/format";
import { Problem } from "../kit/Problem";
import { Spinner } from "../kit/Spinner";
import { Time } from "../kit/Time";
import { useTitle } from "../kit/useTitle";
import { useMay } from "../session/SessionContext";
import { graphAt, newGraphAt } from "../shell/addresses";
import { useNamespace } from "../shell/useNamespace";
import { useGraphs } from "./useGraphs";
import { Validation } from "./Validation";

export function GraphsPage() {
  useTitle("Graphs");
  const namespace = useNamespace();
  const mayWrite = useMay("write");
  const graphs = useGraphs(namespace);
  const found = [...(graphs.data?.templates ?? [])].sort((one, other) => one.name.localeCompare(other.name));
  return (
    <>
      <div className="row head">
        <h1>Graphs</h1>
        <span className="spring" />
        <button
          type="button"
          className="button"
          disabled={graphs.isFetching}
          onClick={() => void graphs.refetch()}
        >
          Refresh
        </button>
        {mayWrite && (
          <Link className="button primary" to={newGraphAt(namespace)}>
            New graph
          </Link>
        )}
      </div>
      {graphs.isError && <Problem error={graphs.error} onRetry={() => void graphs.refetch()} />}
      {graphs.isPending && <Spinner what="Loading graphs" />}
      {graphs.data && found.length === 0 && (
        <Empty title="No graphs yet">
          <p>
            A graph says which nodes follow on which.{" "}
            {mayWrite && (
              <>
                <Link to={newGraphAt(namespace)}>Write the first one here</Link>, or declare
              </>
            )}
            {!mayWrite && "Somebody with the role author can write one here, or declare"} it in a terminal:
          </p>
          <pre>exosphere graph apply my-graph.yaml</pre>
        </Empty>
      )}
      {found.length > 0 && (
        <div className="scroll">
          <table className="table">
            <caption className="unseen">Graphs</caption>
            <thead>
              <tr>
                <th scope="col">Graph</th>
                <th scope="col">Validation</th>
                <th scope="col" className="right">
                  Nodes
                </th>
                <th scope="col" className="right">
                  Schedules
                </th>
                <th scope="col" className="right">
                  Version
                </th>
                <th scope="col">Changed</th>
              </tr>
            </thead>
            <tbody>
              {found.map((graph) => (
                <tr key={graph.name}>
                  <td>
                    <Link className="name" title={graph.name} to={graphAt(namespace, graph.name)}>
                      {graph.name}
                    </Link>
                  </td>
                  <td>
                    <Validation graph={graph} />
                  </td>
                  <td className="right">{number(graph.nodes.length)}</td>
                  <td className="right">{graph.triggers.length || ""}</td>
                  <td className="right">{graph.version}</td>
                  <td>
                    <Time at={graph.updated_at} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
