import { ago } from "./format";
import { useNow } from "./useNow";

/** A moment, as how long ago; the whole of it for who points at it. */
export function Time({ at }: { at: string }) {
  const now = useNow();
  return (
    <time dateTime={at} title={new Date(at).toLocaleString()}>
      {ago(Date.parse(at), now)}
    </time>
  );
}
