import { ApiError, told } from "../api/errors";

/** An error where its answer would have stood. */
export function Problem({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const faults = error instanceof ApiError ? error.errors : [];
  return (
    <div className="notice bad" role="alert">
      <p>{told(error)}</p>
      {faults.length > 1 && (
        <ul>
          {faults.map((fault) => (
            <li key={fault}>{fault}</li>
          ))}
        </ul>
      )}
      {error instanceof ApiError && error.requestId && error.status >= 500 && (
        <p className="hint">
          Request <code>{error.requestId}</code>
        </p>
      )}
      {onRetry && (
        <button type="button" className="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}
