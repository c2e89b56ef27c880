/** Values by name, as text, whatever they hold. */

import { useState } from "react";
import { CopyButton } from "./CopyButton";
import { DownloadButton } from "./DownloadButton";
import { number } from "./format";

/** How much of a value is shown at first, in characters: a page of some MB is nobody's wish. */
const SHOWN = 2000;

export function Values({ values, what }: { values: Readonly<Record<string, string>>; what: string }) {
  const all = JSON.stringify(values, null, 2);
  return (
    <div className="values">
      <dl>
        {Object.entries(values).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <LongText text={pretty(value)} />
            </dd>
          </div>
        ))}
      </dl>
      <div className="row">
        <CopyButton text={all} what={what} />
        <DownloadButton text={all} name={`${what.replaceAll(" ", "-")}.json`} kind="application/json" />
      </div>
    </div>
  );
}

/** A text of any length; the rest of a long one is shown when asked for. */
export function LongText({ text }: { text: string }) {
  const [whole, setWhole] = useState(false);
  const cut = !whole && text.length > SHOWN;
  return (
    <>
      <pre>{cut ? `${text.slice(0, SHOWN)}…` : text}</pre>
      {cut && (
        <button type="button" className="button quiet small" onClick={() => setWhole(true)}>
          Show all {number(text.length)} characters
        </button>
      )}
    </>
  );
}

/** JSON in lines of its own, any other text as it is. */
function pretty(value: string): string {
  if (!/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.stringify(JSON.parse(value), null, 2);
  } catch {
    return value;
  }
}
