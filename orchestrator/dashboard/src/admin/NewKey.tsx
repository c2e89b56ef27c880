import * as Ariakit from "@ariakit/react";
import type { Schema } from "../api/types";
import { CopyButton } from "../kit/CopyButton";
import { ALL } from "./scope";

/** A key that was just made, the only time that it is shown. */
export function NewKey({ made, onClose }: { made: Schema<"CreateKeyResponse">; onClose(): void }) {
  return (
    <>
      <Ariakit.DialogHeading>The new key</Ariakit.DialogHeading>
      <p role="status">
        Copy it now: it is stored nowhere and not shown again. It is a key of the role {made.role} for{" "}
        {made.namespace === ALL ? "all namespaces" : `the namespace ${made.namespace}`}
        {made.expires_at && `, good until ${new Date(made.expires_at).toLocaleString()}`}.
      </p>
      <div className="new-key">
        <pre aria-label="API key">{made.key}</pre>
        <CopyButton text={made.key} what="the key" />
      </div>
      <p className="hint">Clients and runtimes take it from the environment variable EXOSPHERE_API_KEY.</p>
      <div className="row end">
        <button type="button" className="button primary" onClick={onClose}>
          I have it
        </button>
      </div>
    </>
  );
}
