import { Time } from "./Time";

/** When something was read that changes without being told of. */
export function AsOf({ at }: { at: number }) {
  return (
    <>
      as of <Time at={new Date(at).toISOString()} />
    </>
  );
}
