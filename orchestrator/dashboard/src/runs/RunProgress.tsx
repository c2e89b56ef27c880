import { number } from "../kit/format";
import type { Progress } from "./look";

/** Below the list: how much of it there is, and how far back was looked for what fits. */
export function RunProgress({
  rows,
  filtered,
  progress,
  more,
  looking,
  onFurther,
}: {
  rows: number;
  filtered: boolean;
  progress: Progress;
  /** Whether there are runs that were not looked at. */
  more: boolean;
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
          : `${number(rows)} ${more ? "runs so far; scroll for more" : "runs"}`}
        {looking ? ", looking…" : "."}
      </span>
      {more && filtered && !looking && (
        <button type="button" className="button small" onClick={onFurther}>
          Look further back
        </button>
      )}
    </div>
  );
}
