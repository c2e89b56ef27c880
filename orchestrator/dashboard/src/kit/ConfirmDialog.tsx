import * as Ariakit from "@ariakit/react";
import type { ReactNode } from "react";
import { Problem } from "./Problem";

export interface Confirming {
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

/** What `Confirm` shows. */
export function ConfirmDialog(given: Confirming) {
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
