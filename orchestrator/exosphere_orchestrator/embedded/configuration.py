"""The embedded server's address and configuration file, as text."""

import os
import string
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from exosphere_orchestrator.embedded.binary import ServerBinary

#: `sun_path` of a unix socket holds 104 bytes on some systems, the final zero included.
_LONGEST_SOCKET_PATH: Final = 100

_URL_SAFE = frozenset(string.ascii_letters + string.digits + "/._-~@+")


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server listens: at a unix socket, or else at a port of the loopback interface."""

    socket: Path | None
    port: int

    def url(self, password: str) -> str:
        """The URL for clients. The password must be URL-safe."""
        if self.socket is not None:
            return f"unix://:{password}@{self.socket}"
        return f"redis://:{password}@127.0.0.1:{self.port}/0"


def fits_socket(path: Path) -> bool:
    """Whether a unix socket can have this absolute path, and every client can read it in a URL.

    Clients differ in whether they decode `%20` in the path, so a path that would
    need it is not used.
    """
    return len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH and _URL_SAFE.issuperset(str(path))


def server_configuration(binary: ServerBinary, directory: Path, address: Address, password: str) -> str:
    """Return the text of the configuration file. It holds the password."""
    compact_hash = "hash-max-listpack-value" if binary.version >= (7, 0, 0) else "hash-max-ziplist-value"
    lines = [
        "daemonize no",
        "bind 127.0.0.1",
        f"port {address.port}",
        "protected-mode yes",
        f"requirepass {_quoted(password)}",
        f"dir {_quoted(str(directory))}",
        f"logfile {_quoted(str(directory / 'redis.log'))}",
        "loglevel notice",
        # Records must outlive a restart and never be evicted.
        "appendonly yes",
        "appendfsync everysec",
        "aof-load-truncated yes",
        'save ""',
        "maxmemory-policy noeviction",
        # A state's record holds its inputs and outputs; the compact form halves its memory.
        f"{compact_hash} 512",
    ]
    if address.socket is not None:
        lines += [f"unixsocket {_quoted(str(address.socket))}", "unixsocketperm 700"]
    return "\n".join(lines) + "\n"


def _quoted(value: str) -> str:
    escaped = "".join(
        f"\\{letter}" if letter in '"\\' else letter if letter.isprintable() else _hex(letter) for letter in value
    )
    return f'"{escaped}"'


def _hex(letter: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in os.fsencode(letter))
