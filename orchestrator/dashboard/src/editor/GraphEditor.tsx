/** Edits the declaration of a graph: text, findings, secrets, and saving it as the next version. */

import { lazy, Suspense, useMemo, useRef, useState } from "react";
import { Link } from "react-router";
import { ApiError } from "../api/errors";
import type { Graph } from "../api/types";
import { FormatSwitch } from "../graphs/FormatSwitch";
import { type Json } from "../graphs/template";
import { type Format, textOf } from "../graphs/text";
import { Confirm } from "../kit/Confirm";
import { Problem } from "../kit/Problem";
import { Spinner } from "../kit/Spinner";
import { useDebounced } from "../kit/useDebounced";
import { graphAt, graphsAt } from "../shell/addresses";
import type { CodeEditorHandle } from "./CodeEditor";
import { Findings } from "./Findings";
import { findingsOf, secretsNeeded } from "./findings";
import { NodePalette } from "./NodePalette";
import { namesSecrets, parse } from "./parse";
import { SecretFields } from "./SecretFields";
import { isName, missingOf, NO_SECRETS, namesOf } from "./secrets";
import { Overtaken, useSave } from "./useSave";
import { useUnsaved } from "./useUnsaved";
import { faultsOf, useValidation } from "./useValidation";
import { loaded } from "../shell/loaded";

const CodeEditor = lazy(() => loaded(() => import("./CodeEditor")));

/** What is typed is judged when typing has rested for so long, in ms. */
const REST_MS = 400;
/** What a graph without a name is judged as. */
const UNNAMED = "new";

export function GraphEditor({
  namespace,
  base,
  beginning,
}: {
  namespace: string;
  /** The version that is edited; null for a new graph. */
  base: Graph | null;
  beginning: string;
}) {
  const [format, setFormat] = useState<Format>("yaml");
  const [initial, setInitial] = useState(beginning);
  const [text, setText] = useState(beginning);
  const [typedName, setTypedName] = useState("");
  const [secrets, setSecrets] = useState(NO_SECRETS);
  const editor = useRef<CodeEditorHandle>(null);
  const save = useSave(namespace, base);
  const unsaved = text !== beginning || secrets !== NO_SECRETS;
  const blocker = useUnsaved(unsaved && !save.isPending);

  const before = Object.keys(base?.secrets ?? {});
  const name = base?.name ?? typedName.trim();
  const settled = useDebounced(text, REST_MS);
  const parsed = useMemo(() => parse(settled, format), [settled, format]);
  const judged = useValidation(
    namespace,
    isName(name) ? name : UNNAMED,
    parsed.body,
    namesOf(before, secrets),
  );
  // What saving was refused for is told as of that text, until it is judged anew.
  const refused =
    save.error instanceof ApiError && [400, 422].includes(save.error.status) ? faultsOf(save.error) : null;
  const messages = refused ?? judged.messages;
  const findings = useMemo(() => findingsOf(parsed, messages), [parsed, messages]);

  const missing = missingOf(before, secrets);
  const obstacle = !isName(name)
    ? "Give the graph a name of letters, digits, “_”, “.” and “-”."
    : parsed.body === null
      ? "The text can't be read yet."
      : namesSecrets(parsed.value)
        ? "Take the secrets out of the text."
        : missing.length > 0
          ? `Give ${missing.join(", ")} a value, or take ${missing.length > 1 ? "them" : "it"} out.`
          : "";
  const submit = (over: boolean) => {
    const { body } = parse(text, format);
    if (body !== null) save.mutate({ name, body, secrets: secrets.given, over });
  };
  const change = (next: string) => {
    setText(next);
    if (save.isError) save.reset();
  };
  const turn = (next: Format) => {
    const { value } = parse(text, format);
    const turned = textOf(value as Json, next);
    setInitial(turned);
    setText(turned);
    setFormat(next);
  };
  return (
    <div className="editor">
      <div className="editor-main">
        <div className="row">
          {base === null && (
            <label className="field">
              <span>Name</span>
              <input
                value={typedName}
                placeholder="my-graph"
                spellCheck={false}
                autoComplete="off"
                onChange={(event) => {
                  setTypedName(event.target.value);
                  if (save.isError) save.reset();
                }}
              />
            </label>
          )}
          <FormatSwitch format={format} disabled={parsed.body === null} onChange={turn} />
          <span className="hint">
            Comments are kept in YAML while you edit; they are no part of the graph.
          </span>
        </div>
        <Suspense fallback={<Spinner what="Loading the editor" />}>
          <CodeEditor
            key={format}
            ref={editor}
            initial={initial}
            format={format}
            label={`Declaration of the graph as ${format.toUpperCase()}`}
            findings={findings}
            onChange={change}
          />
        </Suspense>
        <Findings
          findings={findings}
          text={settled}
          isChecking={judged.isChecking || settled !== text}
          isRight={judged.isFresh && parsed.body !== null}
          onGo={(finding) => editor.current?.goTo(finding)}
        />
        {refused !== null && (
          <p className="problem" role="alert">
            It was not saved: the state manager refuses it for what is listed here.
          </p>
        )}
        {judged.error && <Problem error={judged.error} />}
        {save.error && refused === null && <Problem error={save.error} />}
        <div className="row save">
          {save.error instanceof Overtaken && save.error.mayGoOn ? (
            <button
              type="button"
              className="button danger"
              disabled={obstacle !== ""}
              onClick={() => submit(true)}
            >
              Save all the same
            </button>
          ) : (
            <button
              type="button"
              className="button primary"
              disabled={obstacle !== "" || save.isPending}
              onClick={() => submit(false)}
            >
              {save.isPending ? "Saving…" : base === null ? "Create" : `Save as version ${base.version + 1}`}
            </button>
          )}
          <Link className="button" to={base === null ? graphsAt(namespace) : graphAt(namespace, base.name)}>
            Back
          </Link>
          <span className="hint">
            {obstacle ||
              (findings.length > 0
                ? "What lacks registered nodes alone is saved, and can run when they are there; anything else is refused."
                : "")}
          </span>
        </div>
      </div>
      <aside className="editor-aside" aria-label="Beside the text">
        <SecretFields
          before={before}
          needed={secretsNeeded(messages)}
          choice={secrets}
          onChange={setSecrets}
        />
        <NodePalette namespace={namespace} />
      </aside>
      <Confirm
        open={blocker.state === "blocked"}
        title="Leave without saving?"
        verb="Leave"
        dangerous
        busy={false}
        error={null}
        onClose={() => blocker.reset?.()}
        onConfirm={() => blocker.proceed?.()}
      >
        <p>What you have changed here is lost.</p>
      </Confirm>
    </div>
  );
}
