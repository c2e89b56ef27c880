import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Setting } from "../api/types";
import { Answer } from "../kit/Answer";
import { Empty } from "../kit/Empty";
import { useSession } from "../session/SessionContext";
import { inWords, isSet, matching } from "./settings";

/** The settings in force, of the state manager that answers. */
export function SettingsTab() {
  const { client } = useSession();
  const [text, setText] = useState("");
  const [changed, setChanged] = useState(false);
  const settings = useQuery({
    queryKey: ["settings"],
    queryFn: ({ signal }) => client.get("/v0/settings", { signal }),
  });
  return (
    <>
      <div className="row">
        <label className="field">
          <span>Search</span>
          <input
            type="search"
            value={text}
            placeholder="name or meaning"
            spellCheck={false}
            onChange={(event) => setText(event.target.value)}
          />
        </label>
        <label className="field">
          <input type="checkbox" checked={changed} onChange={(event) => setChanged(event.target.checked)} />
          Only what differs from its default
        </label>
        <span className="spring" />
        <span className="hint">Settings are environment variables; a change needs a restart.</span>
      </div>
      <Answer query={settings}>
        {(found) => {
          const shown = matching(found.settings, text).filter((one) => !changed || isSet(one));
          return shown.length > 0 ? (
            <SettingsTable settings={shown} />
          ) : (
            <Empty title="No setting fits">Search for another text.</Empty>
          );
        }}
      </Answer>
    </>
  );
}

function SettingsTable({ settings }: { settings: readonly Setting[] }) {
  return (
    <div className="scroll">
      <table className="table">
        <caption className="unseen">Settings in force</caption>
        <thead>
          <tr>
            <th scope="col">Setting</th>
            <th scope="col">Value</th>
            <th scope="col">Meaning</th>
          </tr>
        </thead>
        <tbody>
          {settings.map((setting) => (
            <tr key={setting.name}>
              <td>
                <code>{setting.name}</code>
              </td>
              <td className="wrap value">
                <Value setting={setting} />{" "}
                {isSet(setting) && !setting.secret && (
                  <span className="hint">
                    {setting.default === null ? "no default" : `default ${setting.default}`}
                  </span>
                )}
              </td>
              <td className="wrap">
                <Meaning text={setting.description} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Value({ setting }: { setting: Setting }) {
  if (!setting.value) return <span className="hint">{setting.value === null ? "not set" : "empty"}</span>;
  const words = inWords(setting);
  return (
    <>
      <code>{setting.value}</code>
      {words && <span className="hint"> {words}</span>}
    </>
  );
}

/** What stands between backquotes is code. */
function Meaning({ text }: { text: string }) {
  return text.split("`").map((part, index) =>
    // The parts of a text have no name but their place.
    index % 2 ? <code key={`${index}`}>{part}</code> : part,
  );
}
