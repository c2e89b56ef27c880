"""A question to the embedded server, asked over the bare protocol.

A client library is for the store, with its pools, retries and timeouts. Here one
socket is opened, asked and closed.
"""

import socket
from io import BufferedReader
from typing import Final

from exosphere_orchestrator.embedded.configuration import Address

_TIMEOUT_S: Final = 5.0


class Refused(Exception):
    """The server answered with an error; its first word (`LOADING`, `WRONGPASS`) is the reason."""


def ask(address: Address, password: str, command: str) -> str:
    """Send one command, such as `PING`, and return the answer's text.

    Raises:
        OSError: nobody listens, or the connection broke.
        Refused: the server answered with an error.
    """
    target = str(address.socket) if address.socket is not None else ("127.0.0.1", address.port)
    family = socket.AF_UNIX if address.socket is not None else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as connection:
        connection.settimeout(_TIMEOUT_S)
        connection.connect(target)
        connection.sendall(f"AUTH {password}\r\n{command}\r\n".encode())
        with connection.makefile("rb") as answers:
            _read_answer(answers)
            return _read_answer(answers)


def _read_answer(answers: BufferedReader) -> str:
    line = answers.readline()
    kind, text = line[:1], line[1:].decode(errors="replace").strip()
    if kind == b"-":
        raise Refused(text)
    if kind == b"$":
        return answers.read(int(text) + 2).decode(errors="replace")
    if kind != b"+":
        # The end of the stream, or somebody who speaks another protocol.
        raise ConnectionError(f"unexpected answer {line[:40]!r}")
    return text
