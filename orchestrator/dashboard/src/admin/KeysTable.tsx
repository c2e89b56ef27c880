import { useState } from "react";
import type { ApiKey } from "../api/types";
import { Confirm } from "../kit/Confirm";
import { Empty } from "../kit/Empty";
import { Time } from "../kit/Time";
import { useSession } from "../session/SessionContext";
import { useRevokeKey } from "./useKeys";

const CLASS: Readonly<Record<ApiKey["status"], string>> = {
  active: "success",
  expired: "cancelled",
  revoked: "errored",
};

export function KeysTable({ keys, scope }: { keys: readonly ApiKey[]; scope: string }) {
  const { me } = useSession();
  const [chosen, setChosen] = useState<ApiKey | null>(null);
  const revoke = useRevokeKey(scope);
  if (keys.length === 0) {
    return (
      <Empty title="No keys here">
        <p>Give each person and each program a key of its own, with the smallest role that will do.</p>
      </Empty>
    );
  }
  const close = () => {
    setChosen(null);
    revoke.reset();
  };
  return (
    <>
      <div className="scroll">
        <table className="table">
          <caption className="unseen">API keys, the newest first</caption>
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Id</th>
              <th scope="col">Role</th>
              <th scope="col">Status</th>
              <th scope="col">Created</th>
              <th scope="col">Last used</th>
              <th scope="col">Expires</th>
              <th scope="col">
                <span className="unseen">Revoke</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {keys.map((key) => (
              <tr key={key.id}>
                <td>
                  {key.name || <span className="hint">no name</span>}{" "}
                  {key.id === me.key_id && <span className="badge live">yours</span>}
                </td>
                <td>
                  <code>{key.id}</code>
                </td>
                <td>{key.role}</td>
                <td>
                  <span className={`badge ${CLASS[key.status]}`}>{key.status}</span>
                </td>
                <td>
                  <Time at={key.created_at} /> <span className="hint">by {key.created_by}</span>
                </td>
                <td>
                  {key.last_used_at ? <Time at={key.last_used_at} /> : <span className="hint">never</span>}
                </td>
                <td>{key.expires_at ? <Time at={key.expires_at} /> : <span className="hint">never</span>}</td>
                <td className="right">
                  {key.status === "active" && (
                    <button
                      type="button"
                      className="button quiet small"
                      aria-label={`Revoke ${key.name || key.id}`}
                      onClick={() => setChosen(key)}
                    >
                      Revoke
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {chosen && (
        <Confirm
          open
          title={`Revoke ${chosen.name || chosen.id}?`}
          verb="Revoke the key"
          dangerous
          busy={revoke.isPending}
          error={revoke.error}
          onClose={close}
          onConfirm={() => revoke.mutate(chosen.id, { onSuccess: close })}
        >
          <p>
            Whoever uses it is refused from the next call on, and its runtimes lose their connections to
            Redis. This can't be taken back.
          </p>
          {chosen.id === me.key_id && (
            <p className="problem">It is the key that you are signed in with: you will be signed out.</p>
          )}
        </Confirm>
      )}
    </>
  );
}
