import { useCallback, useState } from "react";

const NONE: ReadonlySet<string> = new Set();

/** Which rows of a list somebody has ticked, by their ids. */
export function useTicked() {
  const [ticked, setTicked] = useState(NONE);
  const tick = useCallback((ids: readonly string[], on: boolean) => {
    setTicked((before) => {
      const after = new Set(before);
      for (const id of ids) {
        if (on) after.add(id);
        else after.delete(id);
      }
      return after;
    });
  }, []);
  const untick = useCallback(() => setTicked(NONE), []);
  return { ticked, tick, untick };
}
