import * as Ariakit from "@ariakit/react";
import type { ReactNode } from "react";
import { Problem } from "./Problem";

interface Confirming {
  title: string;
  /** What the button says that does it. */
  verb: string;
  children: ReactNode;
  open: boolean;
  busy: boolean;
  error: unknown;
  dangerous?: boolean;
  onClose(): void;
  onConfirm(): void;
}

/** Asks before something is done that can't be taken back; stays open with the error when it fails. */
export function Confirm(given: Confirming) {
  return (
    <Ariakit.Dialog
      open={given.open}
      onClose={given.onClose}
      className="dialog"
      backdrop={<div className="backdrop" />}
    >
      <Ariakit.DialogHeading>{given.title}</Ariakit.DialogHeading>
      {given.children}
      {given.error != null && <Problem error={given.error} />}
      <div className="row end">
        <Ariakit.DialogDismiss className="button">Back</Ariakit.DialogDismiss>
        <button
          type="button"
          className={given.dangerous ? "button danger" : "button primary"}
          disabled={given.busy}
          onClick={given.onConfirm}
        >
          {given.verb}
        </button>
      </div>
    </Ariakit.Dialog>
  );
}
