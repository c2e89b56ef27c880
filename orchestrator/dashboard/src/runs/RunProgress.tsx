import { number } from "../kit/format";
import type { Progress } from "./look";

/** Below the list: how much of it there is, and how far back was looked for what fits. */
export function RunProgress({
  rows,
  filtered,
  progress,
  more,
  asks,
  looking,
  onFurther,
}: {
  rows: number;
  filtered: boolean;
  progress: Progress;
  /** Whether there are runs that were not looked at. */
  more: boolean;
  /** Whether somebody has to say that it shall go on. */
  asks: boolean;
  looking: boolean;
  onFurther(): void;
}) {
  const { lookedAt, reachedAt } = progress;
  const back = reachedAt && more ? `, back to ${new Date(reachedAt).toLocaleString()}` : "";
  return (
    <div className="row hint">
      <span role="status">
        {filtered
          ? `${number(rows)} fit of ${number(lookedAt)} runs looked at${back}`
          : `${number(rows)} ${more ? "runs so far" : "runs"}`}
        {more && !asks && !looking && "; scroll for more"}
        {looking ? ", looking…" : "."}
      </span>
      {asks && !looking && (
        <button type="button" className="button small" onClick={onFurther}>
          Look further back
        </button>
      )}
    </div>
  );
}
