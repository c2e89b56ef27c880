import { EditorView } from "@codemirror/view";

/**
 * Puts what is typed over a selection in its place.
 *
 * Left to themselves, browsers keep the looks of what they replace by an inline style, which the security policy refuses.
 */
export const typing = EditorView.domEventHandlers({
  beforeinput: (event, view) => {
    const { data, inputType, isComposing } = event;
    if (inputType !== "insertText" || !data || isComposing || view.state.selection.main.empty) return false;
    event.preventDefault();
    view.dispatch(view.state.replaceSelection(data), { userEvent: "input.type", scrollIntoView: true });
    return true;
  },
});
