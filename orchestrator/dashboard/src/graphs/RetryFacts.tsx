import type { Schema } from "../api/types";
import { duration } from "../kit/format";

/** A retry policy in words and numbers. */
export function RetryFacts({ policy }: { policy: Schema<"RetryPolicyModel"> }) {
  const { max_retries = 0, strategy = "", backoff_factor = 0, exponent = 2, max_delay } = policy;
  if (max_retries === 0) return <p className="hint">none: what fails has failed</p>;
  return (
    <dl className="facts-list">
      <dt>At most</dt>
      <dd>{max_retries}</dd>
      <dt>Strategy</dt>
      <dd>{strategy.toLowerCase().replaceAll("_", " ")}</dd>
      <dt>First delay</dt>
      <dd>{duration(backoff_factor)}</dd>
      {strategy.startsWith("EXPONENTIAL") && (
        <>
          <dt>Grows</dt>
          <dd>{exponent}-fold each time</dd>
        </>
      )}
      {max_delay != null && (
        <>
          <dt>Longest delay</dt>
          <dd>{duration(max_delay)}</dd>
        </>
      )}
    </dl>
  );
}
