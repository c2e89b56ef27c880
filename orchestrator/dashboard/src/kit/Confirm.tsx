import { lazy, Suspense } from "react";
import { loaded } from "../shell/loaded";
import type { Confirming } from "./ConfirmDialog";

const ConfirmDialog = lazy(async () => ({
  default: (await loaded(() => import("./ConfirmDialog"))).ConfirmDialog,
}));

/** Asks before something is done that can't be taken back; stays open with the error when it fails. Dialogs are loaded with the
 * first one: no page needs them to stand. */
export function Confirm(given: Confirming) {
  if (!given.open) return null;
  return (
    <Suspense fallback={null}>
      <ConfirmDialog {...given} />
    </Suspense>
  );
}
