"""Sees every script's reply, lost ones too: what was really applied, and how often."""

from collections import Counter
from typing import Any

from exosphere_core.store.scripts import script, script_names

#: Each ends a delivery: of one attempt of one state only one of them may ever be applied.
_ENDINGS = frozenset({"advance", "fail", "prune", "retry", "requeue"})

#: So do these, each of several states: where the key of the first one stands, and of each that follows; and its attempt.
_TOGETHER = {"step": (1, 6, 0, 9), "leaf": (2, 4, 0, 7), "finish": (6, 1, 5, 6)}

#: Each ends a unite.
_FIRINGS = frozenset({"join", "close"})


class Witness:
    """What scripts said.

    Attributes:
        endings: (key of a state, attempt) → how many transitions of it were applied.
        firings: key of a unite → how often it was fired or closed.
        made: key of a run → how often it was made.
        put_back: key of a state → how often it got another attempt number.
        requeued: keys of states whose node asked to be run again, and will be.
        rolled_back: Redis went back to an earlier point.
        branches: what is worth meeting in a fault's wake → how often it was met.
    """

    def __init__(self) -> None:
        self._names = {script(name).sha.encode(): name for name in script_names()}
        self.endings: Counter[tuple[str, str]] = Counter()
        self.firings: Counter[str] = Counter()
        self.made: Counter[str] = Counter()
        self.put_back: Counter[str] = Counter()
        self.requeued: set[str] = set()
        self.branches: Counter[str] = Counter()
        self.rolled_back = False

    def forget(self) -> None:
        """Redis went back to an earlier point: how often something was applied can't be told any more."""
        self.rolled_back = True
        self.endings.clear()
        self.firings.clear()
        self.made.clear()

    def name_of(self, words: list[bytes]) -> str:
        """The script's name, or the command's."""
        command = words[0].decode().upper()
        return self._names.get(words[1], command) if command == "EVALSHA" else command

    def note(self, words: list[bytes], reply: Any) -> None:
        """See a command and its reply."""
        name = self.name_of(words)
        if isinstance(reply, Exception):
            if name != "XGROUP":  # it was made before
                self.branches[f"refused {name}"] += 1
        elif name == "XAUTOCLAIM":
            self.branches["report taken over"] += len(reply[1])
        elif name == "XREADGROUP" and words[-1] != b">":
            self.branches["own pending entry read again"] += sum(len(entries) for _, entries in reply or ())
        elif name == "XCLAIM" and isinstance(reply, list):
            asked = sum(1 for word in words[5:] if b"-" in word)
            self.branches["lease found lost"] += max(0, asked - len(reply))
        elif words[0] == b"EVALSHA" and isinstance(reply, list) and reply:
            self._note_script(name, words, reply)

    def _note_script(self, name: str, words: list[bytes], reply: list[Any]) -> None:
        count = int(words[2])
        keys, args = words[3 : 3 + count], words[3 + count :]
        key, word = keys[0].decode(), reply[0]
        if name in _TOGETHER:
            self._note_together(name, keys, args, reply)
            return
        if word == b"applied" and name in _ENDINGS:
            self.endings[key, args[0].decode()] += 1
            if name == "requeue":
                self.put_back[key] += 1
                if int(args[3]) > 0:
                    self.requeued.add(key)
        elif word == b"applied" and name in _FIRINGS:
            self.firings[key] += 1
        elif name == "trigger" and word == b"made":
            self.made[key] += 1
        elif name == "trigger_many" and word == b"made":
            # Whoever triggers in bulk here asks for one run at a time.
            self.made[keys[6].decode()] += 1
        elif name in ("reclaim", "recall") and word in (b"reclaimed", b"failed"):
            self.put_back[key] += 1
            self.branches["lease given to another worker"] += 1
        if word == b"stale":
            self.branches[f"stale {name}"] += 1
        elif word in (b"existed", b"repeated", b"continued", b"other"):
            self.branches[f"{name} {word.decode()}"] += 1
        elif name in ("advance", "expand") and reply[1:] == [b"EXECUTED"] and word == b"applied":
            self.branches["fan-out gone on with"] += 1

    def _note_together(self, name: str, keys: list[bytes], args: list[bytes], reply: list[Any]) -> None:
        """Note the ends of states, of which one script may end several."""
        key, keys_each, attempt, args_each = _TOGETHER[name]
        words = reply[::2]
        for number, word in enumerate(words):
            if word == b"applied":
                state = keys[key + number * keys_each].decode()
                self.endings[state, args[attempt + number * args_each].decode()] += 1
            else:
                self.branches[f"stale {name}" if word == b"stale" else f"{name} {word.decode()}"] += 1
        if len(words) > 1:
            self.branches[f"several in one {name}"] += 1

    def doubled(self) -> list[str]:
        """What was applied more often than once."""
        return [
            f"{what} {key}: applied {times} times"
            for what, counts in (("transition", self.endings), ("unite", self.firings), ("run", self.made))
            for key, times in counts.items()
            if times > 1
        ]
