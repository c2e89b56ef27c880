import { useState } from "react";
import { Answer } from "../kit/Answer";
import { CreateKeyDialog } from "./CreateKeyDialog";
import { KeysTable } from "./KeysTable";
import { ScopeChoice } from "./ScopeChoice";
import { useKeys } from "./useKeys";

export function KeysTab({ namespace, everywhere }: { namespace: string; everywhere: boolean }) {
  const [scope, setScope] = useState(namespace);
  const [creating, setCreating] = useState(false);
  const keys = useKeys(scope);
  return (
    <>
      <div className="row">
        {everywhere && (
          <ScopeChoice label="Keys of" namespace={namespace} scope={scope} onChange={setScope} />
        )}
        <span className="hint">Revoked and expired keys are listed for a day.</span>
        <span className="spring" />
        <button
          type="button"
          className="button"
          disabled={keys.isFetching}
          onClick={() => void keys.refetch()}
        >
          Refresh
        </button>
        <button type="button" className="button primary" onClick={() => setCreating(true)}>
          Create a key
        </button>
      </div>
      <Answer query={keys}>{(found) => <KeysTable keys={found.keys} scope={scope} />}</Answer>
      {creating && (
        <CreateKeyDialog
          namespace={namespace}
          everywhere={everywhere}
          scope={scope}
          onClose={() => setCreating(false)}
        />
      )}
    </>
  );
}
