"""The human: a process that takes questions and answers them, and knows of Exosphere nothing but its HTTP calls.

What follows from each answer is a signal of the calls: yes is `executed`, no is `prune`, not now is `re-enqueue-after`.
"""

import os
import sys
import threading
import time

from examples.http_runtime.runtime import HttpRuntime, Inputs, Outputs, Prune, RunAgain

#: How long "not now" lasts, in ms.
_LATER_MS = 300
_LOOK_S = 0.5


class SimulatedHuman:
    """Puts the first question off, says no where a name asks to be kept, and else yes."""

    def __init__(self) -> None:
        self._asked_before = False

    def approve(self, inputs: Inputs) -> Outputs:
        """Answer one question."""
        question = f"simulated human: move aside {inputs['path']} ({inputs['reason']})?"
        if not self._asked_before:
            self._asked_before = True
            print(f"{question} Not now", flush=True)
            raise RunAgain(_LATER_MS)
        if "keep" in inputs["path"]:
            print(f"{question} No", flush=True)
            raise Prune({"refused_by": "a simulated human"})
        print(f"{question} Yes", flush=True)
        return {"approved_by": "a simulated human"}


def asked_at_the_terminal(inputs: Inputs) -> Outputs:
    """Answer one question as whoever sits there does. The end of the input is a no to this question and all others."""
    try:
        answer = input(f"Move aside {inputs['path']} ({inputs['reason']})? [y]es, [n]o, [l]ater: ").strip().lower()
    except EOFError:
        answer = "n"
    if answer.startswith("l"):
        raise RunAgain(_LATER_MS)
    if not answer.startswith("y"):
        raise Prune({"refused_by": "the human at the terminal"})
    return {"approved_by": "the human at the terminal"}


def _end_with(parent: int) -> None:
    """End when the process that started this one is gone, of whatever."""
    while os.getppid() == parent:
        time.sleep(_LOOK_S)
    os._exit(1)


def _fields(*names: str) -> dict[str, object]:
    return {"type": "object", "properties": {name: {"type": "string"} for name in names}, "required": list(names)}


def main() -> None:
    """Answer questions until somebody ends this: `python -m examples.approval.human NAMESPACE [--ask]`."""
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    approve = asked_at_the_terminal if "--ask" in sys.argv else SimulatedHuman().approve
    uri, key = os.environ["EXOSPHERE_STATE_MANAGER_URI"], os.environ["EXOSPHERE_API_KEY"]
    runtime = HttpRuntime(uri, key, sys.argv[1], {"Approve": approve})
    takes, gives = _fields("path", "reason"), _fields("approved_by")
    node = {"name": "Approve", "inputs_schema": takes, "outputs_schema": gives, "secrets": []}
    runtime.register("human", [node])
    try:
        runtime.run(threading.Event())
    except KeyboardInterrupt:
        sys.exit(1)


if __name__ == "__main__":
    main()
