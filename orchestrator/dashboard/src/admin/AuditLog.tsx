import { useMemo, useState } from "react";
import type { AuditEntry } from "../api/types";
import { Answer } from "../kit/Answer";
import { Empty } from "../kit/Empty";
import { number } from "../kit/format";
import { Time } from "../kit/Time";
import { isBad, matching } from "./entries";
import { ScopeChoice } from "./ScopeChoice";
import { useAudit } from "./useAudit";

const NONE: readonly never[] = [];

/** Who changed what. */
export function AuditLog({ namespace, everywhere }: { namespace: string; everywhere: boolean }) {
  const [scope, setScope] = useState(namespace);
  const [text, setText] = useState("");
  const audit = useAudit(scope);
  const entries = useMemo(() => audit.data?.pages.flatMap((page) => page.entries) ?? NONE, [audit.data]);
  const shown = useMemo(() => matching(entries, text), [entries, text]);
  return (
    <>
      <div className="row">
        {everywhere && (
          <ScopeChoice label="Concerning" namespace={namespace} scope={scope} onChange={setScope} />
        )}
        <label className="field">
          <span>Filter</span>
          <input
            type="search"
            value={text}
            placeholder="key, call, id or address"
            spellCheck={false}
            onChange={(event) => setText(event.target.value)}
          />
        </label>
        <span className="spring" />
        <button
          type="button"
          className="button"
          disabled={audit.isFetching}
          onClick={() => void audit.refetch()}
        >
          Refresh
        </button>
      </div>
      <Answer query={audit}>
        {() =>
          shown.length > 0 ? (
            <AuditTable entries={shown} />
          ) : (
            <Empty title={entries.length ? "No entry fits" : "No entries yet"}>
              {entries.length
                ? "Filter for another text, or load older entries."
                : "Every call that changes something is told here, and every one that is refused."}
            </Empty>
          )
        }
      </Answer>
      <div className="row hint">
        <span role="status">
          {text.trim() && `${number(shown.length)} fit of `}
          {number(entries.length)} entries{audit.hasNextPage && " so far"}.
        </span>
        {audit.hasNextPage && (
          <button
            type="button"
            className="button small"
            disabled={audit.isFetchingNextPage}
            onClick={() => void audit.fetchNextPage()}
          >
            {audit.isFetchingNextPage ? "Loading…" : "Load older ones"}
          </button>
        )}
      </div>
    </>
  );
}

function AuditTable({ entries }: { entries: readonly AuditEntry[] }) {
  return (
    <div className="scroll">
      <table className="table">
        <caption className="unseen">Audit log, newest first</caption>
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">Key</th>
            <th scope="col">Call</th>
            <th scope="col">What</th>
            <th scope="col">Status</th>
            <th scope="col">Address</th>
            <th scope="col">Request</th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => (
            <tr key={entry.id}>
              <td>
                <Time at={entry.time} />
              </td>
              <td>
                {entry.key_id ? <code>{entry.key_id}</code> : <span className="hint">nobody known</span>}
              </td>
              <td>{entry.call.replaceAll("_", " ")}</td>
              <td className="wrap">
                <Things things={entry.things} />
                {entry.left_out > 0 && (
                  <span className="hint">
                    {" "}
                    {number(entry.left_out)} refused calls before it were left out
                  </span>
                )}
              </td>
              <td>
                <span className={isBad(entry) ? "badge errored" : "badge success"}>{entry.status}</span>
              </td>
              <td>{entry.address}</td>
              <td>
                <code className="hint request" title={entry.request_id}>
                  {entry.request_id}
                </code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Things({ things }: { things: Readonly<Record<string, string>> }) {
  return (
    <span className="names">
      {Object.entries(things).map(([name, value]) => (
        <span key={name}>
          <span className="hint">{name.replaceAll("_", " ")}</span> <code>{value}</code>
        </span>
      ))}
    </span>
  );
}
