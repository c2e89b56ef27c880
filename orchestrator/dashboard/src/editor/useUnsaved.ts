import { useEffect } from "react";
import { useBlocker } from "react-router";

/** Asks before what was not saved is left; the answer goes to the blocker. */
export function useUnsaved(unsaved: boolean) {
  useEffect(() => {
    if (!unsaved) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [unsaved]);
  return useBlocker(({ nextLocation }) => {
    const state: unknown = nextLocation.state;
    const saved = typeof state === "object" && state !== null && "saved" in state;
    return unsaved && !saved;
  });
}
