import { useEffect, useEffectEvent, useRef } from "react";
import { type Rested, rested } from "./rested";

/** Something that a page does when it hears of a change, at most once in so many ms. */
export function useRested(act: () => Promise<unknown>, restMs: number): () => void {
  const doIt = useEffectEvent(act);
  const kept = useRef<Rested | null>(null);
  useEffect(() => {
    const one = rested(() => doIt(), restMs);
    kept.current = one;
    return () => one.stop();
  }, [restMs]);
  return () => kept.current?.ask();
}
