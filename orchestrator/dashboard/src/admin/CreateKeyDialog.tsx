import * as Ariakit from "@ariakit/react";
import { type FormEvent, useState } from "react";
import type { Role } from "../api/types";
import { Problem } from "../kit/Problem";
import { bodyOf, EXPIRIES, nameFault, ROLES } from "./newKey";
import { NewKey } from "./NewKey";
import { ScopeChoice } from "./ScopeChoice";
import { useCreateKey } from "./useKeys";

const EXPIRY = "90 days";

/** Makes a key, and shows it this once. */
export function CreateKeyDialog({
  namespace,
  everywhere,
  scope: first,
  onClose,
}: {
  namespace: string;
  everywhere: boolean;
  scope: string;
  onClose(): void;
}) {
  const [scope, setScope] = useState(first);
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const [expiry, setExpiry] = useState(EXPIRY);
  const create = useCreateKey(scope);
  const fault = nameFault(name);
  const made = create.data;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate(bodyOf(name, role, expiry));
  };
  return (
    <Ariakit.Dialog
      open
      onClose={onClose}
      // A click beside it, or Escape, must not lose the key for ever.
      hideOnInteractOutside={!made}
      hideOnEscape={!made}
      className="dialog"
      backdrop={<div className="backdrop" />}
    >
      {made ? (
        <NewKey made={made} onClose={onClose} />
      ) : (
        <>
          <Ariakit.DialogHeading>Create an API key</Ariakit.DialogHeading>
          <form className="form" onSubmit={submit}>
            <label className="field">
              <span>Name</span>
              <input
                value={name}
                placeholder="who or what uses it, such as gpu-box"
                spellCheck={false}
                autoComplete="off"
                aria-invalid={fault !== ""}
                aria-describedby="name-fault"
                onChange={(event) => setName(event.target.value)}
              />
              <span id="name-fault" className={fault ? "problem" : "unseen"}>
                {fault}
              </span>
            </label>
            <fieldset className="roles">
              <legend>Role</legend>
              {ROLES.map(([one, what]) => (
                <label key={one}>
                  <input type="radio" name="role" checked={role === one} onChange={() => setRole(one)} />
                  <span>
                    {one} <span className="hint">{what}</span>
                  </span>
                </label>
              ))}
            </fieldset>
            {everywhere && (
              <ScopeChoice label="Good for" namespace={namespace} scope={scope} onChange={setScope} />
            )}
            <label className="field">
              <span>Expires after</span>
              <select value={expiry} onChange={(event) => setExpiry(event.target.value)}>
                {EXPIRIES.map(([text]) => (
                  <option key={text}>{text}</option>
                ))}
              </select>
            </label>
            {create.isError && <Problem error={create.error} />}
            <div className="row end">
              <Ariakit.DialogDismiss className="button">Back</Ariakit.DialogDismiss>
              <button type="submit" className="button primary" disabled={fault !== "" || create.isPending}>
                Create
              </button>
            </div>
          </form>
        </>
      )}
    </Ariakit.Dialog>
  );
}
