"""A socket to a real Redis, spoken over one command at a time, without an event loop."""

import socket
from collections.abc import Sequence
from typing import Any

import hiredis
from redis._parsers.base import BaseParser
from redis.exceptions import ConnectionError


class Line:
    """A socket to the server.

    Attributes:
        client: what Redis calls it; None until it was asked.
    """

    client: int | None = None

    def __init__(self, path: str, password: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(20)
        self._socket.connect(path)
        self._reader = hiredis.Reader(replyError=_error)
        if password:
            self.exchange([b"AUTH", password.encode()])

    def exchange(self, words: Sequence[bytes]) -> Any:
        """Send one command and return its reply.

        Raises:
            ConnectionError: the server that this line led to is gone.
        """
        try:
            self._socket.sendall(hiredis.pack_command(tuple(words)))
            while (reply := self._reader.gets()) is False:
                if not (found := self._socket.recv(65536)):
                    raise ConnectionError("the server is gone")
                self._reader.feed(found)
        except OSError as lost:
            raise ConnectionError(f"the server is gone: {lost}") from None
        if list(words) == [b"CLIENT", b"ID"]:
            self.client = reply
        return reply

    def close(self) -> None:
        self._socket.close()


def _error(text: str) -> Exception:
    return BaseParser.parse_error(text)
