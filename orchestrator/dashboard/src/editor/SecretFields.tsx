import { useState } from "react";
import { drop, give, isName, namesOf, type SecretChoice } from "./secrets";

/** The secrets of the next version: a value for each. */
export function SecretFields({
  before,
  needed,
  choice,
  onChange,
}: {
  /** Names of the version that is edited. */
  before: readonly string[];
  /** Names that nodes need and the graph does not have. */
  needed: readonly string[];
  choice: SecretChoice;
  onChange(choice: SecretChoice): void;
}) {
  const names = namesOf(before, choice);
  const gone = [...choice.dropped].filter((name) => before.includes(name));
  const offered = needed.filter((name) => !names.includes(name) && !gone.includes(name));
  return (
    <section className="card">
      <h2>Secrets</h2>
      <p className="hint">
        Nodes are given the ones that they declare, while they run. Values are kept encrypted and shown to
        nobody
        {before.length > 0 &&
          ", so a new version can't take them over by itself: give each one anew, or the graph is without it"}
        .
      </p>
      {names.map((name) => (
        <label key={name} className="secret">
          <code>{name}</code>
          <input
            type="password"
            autoComplete="new-password"
            spellCheck={false}
            placeholder={before.includes(name) ? "give its value anew" : "value"}
            value={choice.given.get(name) ?? ""}
            onChange={(event) => onChange(give(choice, name, event.target.value))}
          />
          <button
            type="button"
            className="button quiet small"
            aria-label={`Take out ${name}`}
            onClick={() => onChange(drop(choice, name))}
          >
            ✕
          </button>
        </label>
      ))}
      {gone.map((name) => (
        <p key={name} className="row">
          <code>{name}</code>
          <span className="hint">will be gone{needed.includes(name) && ", and a node needs it"}</span>
          <button type="button" className="button small" onClick={() => onChange(give(choice, name, ""))}>
            Keep {name}
          </button>
        </p>
      ))}
      {offered.map((name) => (
        <p key={name} className="row">
          <code>{name}</code>
          <span className="hint">is needed by a node</span>
          <button type="button" className="button small" onClick={() => onChange(give(choice, name, ""))}>
            Add {name}
          </button>
        </p>
      ))}
      <NewSecret taken={names} onAdd={(name) => onChange(give(choice, name, ""))} />
    </section>
  );
}

function NewSecret({ taken, onAdd }: { taken: readonly string[]; onAdd(name: string): void }) {
  const [name, setName] = useState("");
  const good = isName(name) && !taken.includes(name);
  const add = () => {
    if (!good) return;
    onAdd(name);
    setName("");
  };
  return (
    <div className="row">
      <input
        aria-label="Name of a new secret"
        placeholder={taken.length > 0 ? "another name" : "name"}
        value={name}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => setName(event.target.value.trim())}
        onKeyDown={(event) => {
          if (event.key !== "Enter") return;
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
