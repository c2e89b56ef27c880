import { Link } from "react-router";
import { Answer } from "../kit/Answer";
import { AsOf } from "../kit/AsOf";
import { number } from "../kit/format";
import { NoRuntimes } from "../runtimes/NoRuntimes";
import { RuntimeBadge } from "../runtimes/RuntimesTable";
import { useRuntimes } from "../runtimes/useRuntimes";
import { VersionsNote } from "../runtimes/VersionsNote";
import { nodesAt } from "../shell/addresses";

const SHOWN = 10;

/** Who is there to execute nodes. */
export function RuntimesCard({ namespace }: { namespace: string }) {
  const runtimes = useRuntimes(namespace);
  return (
    <section className="card" aria-label="Runtimes">
      <h2>
        Runtimes{" "}
        {runtimes.data && (
          <span className="hint">
            <AsOf at={runtimes.dataUpdatedAt} />
          </span>
        )}
      </h2>
      <Answer query={runtimes}>
        {(found) =>
          found.length === 0 ? (
            <NoRuntimes />
          ) : (
            <>
              <VersionsNote runtimes={found} />
              <ul className="plain">
                {found.slice(0, SHOWN).map((runtime) => (
                  <li key={runtime.id} className="row">
                    <RuntimeBadge runtime={runtime} />
                    <span className="name" title={runtime.id}>
                      {runtime.runtime_name ?? runtime.id}
                    </span>
                    {runtime.version && <span className="hint version">{runtime.version}</span>}
                    <span className="spring" />
                    <span className="hint">{number(runtime.running)} running</span>
                  </li>
                ))}
              </ul>
              {found.length > SHOWN && (
                <p className="hint">
                  All <Link to={nodesAt(namespace)}>{number(found.length)} runtimes</Link>
                </p>
              )}
            </>
          )
        }
      </Answer>
    </section>
  );
}
