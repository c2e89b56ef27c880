import { useState } from "react";
import { type RunFilter, SPANS } from "./filter";
import { fieldOf, momentOf } from "./moment";

const BETWEEN = "between";

/** When runs were created: within a time back from now, or between two moments. */
export function TimeFilter({
  filter,
  onChange,
}: {
  filter: RunFilter;
  onChange(change: Partial<RunFilter>): void;
}) {
  const [wanted, setWanted] = useState(false);
  const between = wanted || filter.after !== "" || filter.before !== "";
  const choose = (value: string) => {
    setWanted(value === BETWEEN);
    onChange({ within: value === BETWEEN ? "" : value, after: "", before: "" });
  };
  return (
    <>
      <label className="field">
        <span>Created</span>
        <select value={between ? BETWEEN : filter.within} onChange={(event) => choose(event.target.value)}>
          <option value="">at any time</option>
          {Object.keys(SPANS).map((span) => (
            <option key={span} value={span}>
              within {span}
            </option>
          ))}
          <option value={BETWEEN}>between…</option>
        </select>
      </label>
      {between && (
        <>
          <Moment label="From" value={filter.after} onChange={(after) => onChange({ after, within: "" })} />
          <Moment label="To" value={filter.before} onChange={(before) => onChange({ before, within: "" })} />
        </>
      )}
    </>
  );
}

function Moment({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string;
  onChange(moment: string): void;
}) {
  return (
    <label className="field">
      <span>{label}</span>
      <input
        type="datetime-local"
        value={fieldOf(value)}
        onChange={(event) => onChange(momentOf(event.target.value))}
      />
    </label>
  );
}
