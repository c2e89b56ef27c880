"""Which node of a cluster a command belongs to. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from redis.crc import key_slot

from exosphere_core.store.wire import Command

#: Commands whose first key is at another place than 1.
_KEY_AT: Final[Mapping[str, int]] = {
    "EVAL": 3, "EVALSHA": 3, "XINFO": 2, "XGROUP": 2, "OBJECT": 2, "MEMORY": 2,
}  # fmt: skip

#: Commands whose keys follow a word, and from where on that may stand.
_AFTER_STREAMS: Final[Mapping[str, int]] = {"XREAD": 1, "XREADGROUP": 4}

#: Commands without a key.
_KEYLESS: Final = frozenset(
    {
        "ACL", "ASKING", "AUTH", "CLIENT", "CLUSTER", "COMMAND", "CONFIG", "DBSIZE", "DEBUG", "DISCARD", "EXEC", "FLUSHALL",
        "FLUSHDB", "INFO", "KEYS", "LATENCY", "MODULE", "MULTI", "PING", "PUBLISH", "ROLE", "SCAN", "SCRIPT", "SLOWLOG",
        "TIME", "WAIT", "WAITAOF",
    }
)  # fmt: skip


class Node(NamedTuple):
    """Where a server of a cluster listens."""

    host: str
    port: int


class Topology(NamedTuple):
    """Which master has which slot."""

    #: By slot; None for one that nobody has.
    masters: tuple[Node | None, ...]
    #: All servers, replicas too.
    nodes: tuple[Node, ...]

    @property
    def all_masters(self) -> list[Node]:
        """The masters that have slots."""
        return list(dict.fromkeys(node for node in self.masters if node is not None))


class Redirect(NamedTuple):
    """A server says that another one has the slot: for good, or for this command."""

    node: Node
    moved: bool


def slot_of(command: Command) -> int | None:
    """Return the slot of a command's first key, or None when it has none."""
    name = _text(command[0]).upper()
    if name in _KEYLESS:
        return None
    if name in _AFTER_STREAMS:
        # A group or consumer may be called so, too; it stands before.
        at = [_text(word).upper() for word in command].index("STREAMS", _AFTER_STREAMS[name]) + 1
    else:
        at = _KEY_AT.get(name, 1)
    if at >= len(command):
        return None
    key = command[at]
    return key_slot(key if isinstance(key, bytes) else str(key).encode())


def slot_of_key(key: str) -> int:
    """Return the slot of a key."""
    return key_slot(key.encode())


def by_slot(keys: Sequence[str]) -> list[list[str]]:
    """Sort keys into lists, each of one slot."""
    found: dict[int, list[str]] = {}
    for key in keys:
        found.setdefault(slot_of_key(key), []).append(key)
    return list(found.values())


def read_topology(reply: Sequence[Any], asked: Node) -> Topology:
    """Read the answer to CLUSTER SLOTS.

    Args:
        asked: the server that gave it; it may not know its own name.
    """
    masters: list[Node | None] = [None] * 16384
    nodes: dict[Node, None] = {}
    for first, last, *servers in reply:
        found = [Node(_text(host) if host else asked.host, int(port)) for host, port, *_ in servers]
        nodes.update(dict.fromkeys(found))
        masters[int(first) : int(last) + 1] = [found[0]] * (int(last) - int(first) + 1)
    return Topology(tuple(masters), tuple(nodes))


def is_redirect(reply: object) -> bool:
    """Whether a server answered that another one has the slot."""
    return isinstance(reply, Exception) and str(reply).partition(" ")[0] in ("MOVED", "ASK")


def read_redirect(error: Exception, asked: Node) -> Redirect | None:
    """Read where a server sends us, or None when its error is no redirection."""
    word, _, rest = str(error).partition(" ")
    if word not in ("MOVED", "ASK"):
        return None
    host, _, port = rest.split(" ")[1].rpartition(":")
    return Redirect(Node(host or asked.host, int(port)), word == "MOVED")


def is_passing(error: Exception) -> bool:
    """Whether the same command may succeed in a moment. It was not executed."""
    return str(error).partition(" ")[0] in ("TRYAGAIN", "CLUSTERDOWN")


def _text(word: str | bytes | int) -> str:
    return word.decode() if isinstance(word, bytes) else str(word)
