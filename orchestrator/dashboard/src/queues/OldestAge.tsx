import { duration } from "../kit/format";
import { useNow } from "../kit/useNow";

/** For how long the oldest state of a queue waits, as it was told and has grown since. */
export function OldestAge({ ageMs, readAt }: { ageMs: number | null; readAt: number }) {
  const now = useNow();
  if (ageMs === null) return null;
  return duration(ageMs + Math.max(0, now - readAt));
}
