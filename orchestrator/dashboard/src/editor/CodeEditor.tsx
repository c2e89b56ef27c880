/** A text with line numbers, colours, and marks where something is wrong. */

import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { json } from "@codemirror/lang-json";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, indentOnInput } from "@codemirror/language";
import { lintGutter, setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import {
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { type Ref, useEffect, useEffectEvent, useImperativeHandle, useRef } from "react";
import type { Format } from "../graphs/text";
import type { Finding, Range } from "./parse";
import { theme } from "./theme";
import { typing } from "./typing";

const LANGUAGES: Readonly<Record<Format, () => ReturnType<typeof json>>> = { json, yaml };

export interface CodeEditorHandle {
  /** Put the cursor there, and bring it into sight. */
  goTo(range: Range): void;
}

export default function CodeEditor({
  initial,
  format,
  label,
  findings,
  onChange,
  ref,
}: {
  /** What it begins with; from then on it keeps its text itself. */
  initial: string;
  format: Format;
  label: string;
  findings: readonly Finding[];
  onChange(text: string): void;
  ref?: Ref<CodeEditorHandle>;
}) {
  const box = useRef<HTMLDivElement>(null);
  const editor = useRef<EditorView>(null);
  const changed = useEffectEvent(onChange);
  const begin = useEffectEvent((root: ShadowRoot) => {
    const state = EditorState.create({
      doc: initial,
      extensions: [
        lineNumbers(),
        lintGutter(),
        history(),
        indentOnInput(),
        bracketMatching(),
        highlightActiveLine(),
        highlightActiveLineGutter(),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false", tabindex: "0" }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) changed(update.state.doc.toString());
        }),
        // Tab leads on, as everywhere on the page.
        keymap.of([...defaultKeymap, ...historyKeymap]),
        typing,
        LANGUAGES[format](),
        theme,
      ],
    });
    return new EditorView({ state, root, parent: root });
  });

  useEffect(() => {
    if (box.current === null) return;
    // In a shadow root its styles are adopted; elsewhere it would write a style element, which the security policy refuses.
    const view = begin(box.current.shadowRoot ?? box.current.attachShadow({ mode: "open" }));
    editor.current = view;
    return () => {
      view.destroy();
      editor.current = null;
    };
  }, []);

  useEffect(() => {
    const view = editor.current;
    if (view === null) return;
    const end = view.state.doc.length;
    const marks = findings
      .filter((one) => one.placed)
      .map(({ from, to, message }) => ({
        from: Math.min(from, end),
        to: Math.min(to, end),
        severity: "error" as const,
        message,
      }));
    view.dispatch(setDiagnostics(view.state, marks));
  }, [findings]);

  useImperativeHandle(
    ref,
    () => ({
      goTo: ({ from }) => {
        const view = editor.current;
        if (view === null) return;
        const at = Math.min(from, view.state.doc.length);
        view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
        view.focus();
      },
    }),
    [],
  );
  return <div className="code-editor" ref={box} />;
}
