"""Speaks TLS in front of a Redis server that may be built without it."""

import contextlib
import socket
import ssl
import threading
from pathlib import Path

#: What a TLS connection begins with.
_HANDSHAKE = b"\x16"


class TlsFront:
    """Takes TLS connections at a port of its own and passes on what they carry.

    Args:
        folder: has the files "certificate" and "key".
        target: port of the server; may be given later.
        plain: whether connections without TLS are passed on, too: from servers to each other.
    """

    def __init__(self, folder: Path, target: int = 0, *, plain: bool = False) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(folder / "certificate", folder / "key")
        self.target = target
        self._plain = plain
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        #: How many connections spoke TLS.
        self.accepted = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        # Closing alone does not wake the thread that waits for a connection.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if self._plain and plain.recv(1, socket.MSG_PEEK) != _HANDSHAKE:
                self._connect(plain)
                return
            with self._context.wrap_socket(plain, server_side=True) as client:
                self.accepted += 1
                self._connect(client)

    def _connect(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self.target)) as server:
            back = threading.Thread(target=_pass_on, args=(server, client), daemon=True)
            back.start()
            _pass_on(client, server)
            back.join()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
