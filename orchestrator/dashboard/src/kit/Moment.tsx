import { Time } from "./Time";

/** A moment to the millisecond, in UTC as the API tells it, and how long ago that is. */
export function Moment({ at }: { at: string }) {
  return (
    <>
      <span className="moment">
        {at.slice(0, 10)} {at.slice(11, 23)}
      </span>{" "}
      <span className="hint">
        <Time at={at} />
      </span>
    </>
  );
}
