import { useState } from "react";
import { changed, type Changes, isStoreKey } from "./changes";

/** How much of a value is shown before somebody changes it, in characters. */
const SHOWN = 160;

/** Values that stay as they are, until somebody changes one. */
export function ChangeFields({
  title,
  values,
  changes,
  onChange,
  addable = false,
}: {
  title: string;
  values: Readonly<Record<string, string>>;
  changes: Changes;
  onChange(changes: Changes): void;
  /** Whether values of new names may be given. */
  addable?: boolean;
}) {
  const names = [...new Set([...Object.keys(values), ...changes.keys()])];
  return (
    <fieldset className="changes">
      <legend>{title}</legend>
      {names.length === 0 && !addable && <p className="hint">none</p>}
      {names.map((name) => (
        <ChangeField
          key={name}
          name={name}
          value={values[name] ?? ""}
          change={changes.get(name)}
          onChange={(value) => onChange(changed(changes, name, value))}
        />
      ))}
      {addable && <NewKey taken={names} onAdd={(name) => onChange(changed(changes, name, ""))} />}
    </fieldset>
  );
}

function ChangeField({
  name,
  value,
  change,
  onChange,
}: {
  name: string;
  value: string;
  change: string | undefined;
  onChange(value: string | null): void;
}) {
  if (change === undefined) {
    return (
      <div className="change">
        <span className="change-name">{name}</span>
        <code>{value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value}</code>
        <button
          type="button"
          className="button quiet small"
          aria-label={`Change ${name}`}
          onClick={() => onChange(value)}
        >
          Change
        </button>
      </div>
    );
  }
  return (
    <div className="change">
      <span className="change-name">{name}</span>
      <textarea
        aria-label={`New value of ${name}`}
        rows={Math.min(8, change.split("\n").length)}
        spellCheck={false}
        value={change}
        onChange={(event) => onChange(event.target.value)}
      />
      <button
        type="button"
        className="button quiet small"
        aria-label={`Undo the change of ${name}`}
        onClick={() => onChange(null)}
      >
        Undo
      </button>
    </div>
  );
}

function NewKey({ taken, onAdd }: { taken: readonly string[]; onAdd(name: string): void }) {
  const [name, setName] = useState("");
  const good = isStoreKey(name) && !taken.includes(name);
  const add = () => {
    if (!good) return;
    onAdd(name);
    setName("");
  };
  return (
    <div className="row">
      <input
        aria-label="New key of the store"
        placeholder="another key"
        value={name}
        spellCheck={false}
        onChange={(event) => setName(event.target.value.trim())}
        onKeyDown={(event) => {
          if (event.key !== "Enter") return;
          // Of the form around it Enter would start the run.
          event.preventDefault();
          add();
        }}
      />
      <button type="button" className="button small" disabled={!good} onClick={add}>
        Add
      </button>
    </div>
  );
}
