import { Problem } from "../kit/Problem";
import { Time } from "../kit/Time";
import { Outcome } from "./Outcome";
import { useFirings } from "./useGraphs";

/** What came of the newest firings of a graph's schedules. */
export function Firings({ namespace, graph }: { namespace: string; graph: string }) {
  const firings = useFirings(namespace, graph);
  if (firings.isError) return <Problem error={firings.error} onRetry={() => void firings.refetch()} />;
  if (!firings.data?.firings.length) return null;
  return (
    <section className="firings">
      <h2>Firings</h2>
      <div className="scroll">
        <table className="table">
          <caption className="unseen">The newest firings</caption>
          <thead>
            <tr>
              <th scope="col">Schedule</th>
              <th scope="col">Due</th>
              <th scope="col">What came of it</th>
            </tr>
          </thead>
          <tbody>
            {firings.data.firings.map((one) => (
              <tr key={`${one.index} ${one.fired_at} ${one.run_id ?? ""}`}>
                <td>{one.index + 1}</td>
                <td>
                  {one.manual || !one.due_at ? (
                    <span className="hint">by hand</span>
                  ) : (
                    <Time at={one.due_at} />
                  )}
                </td>
                <td className="outcome">
                  <Outcome namespace={namespace} firing={one} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
