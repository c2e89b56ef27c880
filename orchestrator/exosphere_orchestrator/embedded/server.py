"""Starts, watches and stops the embedded server."""

import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from exosphere_core.errors import ConfigurationError
from exosphere_core.lifeline import Lifeline
from exosphere_orchestrator.embedded import guardian
from exosphere_orchestrator.embedded.binary import ServerBinary, find_server
from exosphere_orchestrator.embedded.configuration import Address, fits_socket, server_configuration
from exosphere_orchestrator.embedded.lock import await_handover, own_directory
from exosphere_orchestrator.embedded.probe import Refused, ask

#: Seconds until the server listens. Loading its data may take longer, and is waited for.
_LISTEN_S: Final = 30.0
#: Seconds that the server has for writing its data before it is killed.
_STOP_S: Final = 30.0
_REWRITE_S: Final = 120.0
_PAUSE_S: Final = 0.02
#: How often another port is tried when somebody took the free one first.
_PORTS: Final = 5

_PASSWORD = re.compile(r"[A-Za-z0-9_-]{16,}")
_LOG_COMPLAINT = re.compile(r"(?:^|\s)# (?P<text>.+)")


class EmbeddedRedis:
    """A private Redis with its data in a directory; keeps it over restarts.

    It ends with the process that started it, whatever ends that one, and it does not
    see the terminal's Ctrl-C. Use it as a context manager, or call `start` and `stop`.

    Args:
        data_dir: where the data is kept; made with mode 700 when it is not there.
    """

    def __init__(self, data_dir: Path) -> None:
        self._directory = data_dir.absolute() / "redis"
        self._address: Address | None = None
        self._password = ""
        self._binary: ServerBinary | None = None
        self._lifeline: Lifeline | None = None
        self._guardian: subprocess.Popen[bytes] | None = None
        self._ownership: int | None = None

    @property
    def url(self) -> str:
        """Where clients find it: `unix://` or `redis://`, password included.

        Stays the same when it is started again. Raises RuntimeError before the first start.
        """
        if self._address is None:
            raise RuntimeError("the embedded Redis was not started")
        return self._address.url(self._password)

    @property
    def server(self) -> str:
        """Name and version of the server, such as `Redis 6.2.14`; empty before the first start."""
        return str(self._binary or "")

    def poll(self) -> int | None:
        """Return None while it runs, else its exit code (128 + n for signal n)."""
        code = 0 if self._guardian is None else self._guardian.poll()
        return 128 - code if code is not None and code < 0 else code

    def start(self) -> None:
        """Start it and wait until it has its data and answers.

        Raises:
            ConfigurationError: no usable server is installed, the directory can't be used
                or is in use, or the server refused to start (the reason it gave is named).
        """
        if self.poll() is None:
            return
        self.stop()
        self._binary = find_server()
        try:
            self._directory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._directory.mkdir(mode=0o700, exist_ok=True)
            self._ownership = own_directory(self._directory)
            lock = await_handover(self._directory)
            try:
                self._password = self._kept_password()
                had_data = self._has_data()
                self._run(lock, self._binary)
            finally:
                # The guardian and the server hold copies: the lock lives as long as they do.
                os.close(lock)
            if had_data:
                self._rewrite()
        except OSError as denied:
            self.kill()
            raise ConfigurationError(
                f"data directory {self._directory.parent} can't be used ({denied}); choose another with --data-dir"
            ) from None
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """Stop it and wait until its data is written. May be called again."""
        self._cut_lifeline()
        if self._guardian is not None:
            with suppress(subprocess.TimeoutExpired):
                self._guardian.wait(_STOP_S + 5)
        self.kill()

    def kill(self) -> None:
        """End it at once. May be called again."""
        self._end_guardian()
        if self._ownership is not None:
            os.close(self._ownership)
            self._ownership = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _end_guardian(self) -> None:
        self._cut_lifeline()
        if self._guardian is not None:
            if self._guardian.poll() is None:
                # Its own session, so its group is the guardian and the server, nobody else.
                with suppress(ProcessLookupError):
                    os.killpg(self._guardian.pid, signal.SIGKILL)
            self._guardian.wait()
            self._guardian = None

    def _cut_lifeline(self) -> None:
        if self._lifeline is not None:
            self._lifeline.close()
            self._lifeline = None

    def _kept_password(self) -> str:
        path = self._directory / "password"
        with suppress(FileNotFoundError):
            kept = path.read_text().strip()
            if not _PASSWORD.fullmatch(kept):
                raise ConfigurationError(f"{path} holds no usable password; delete the file, a new one is made")
            path.chmod(0o600)
            return kept
        password = secrets.token_urlsafe(32)
        _write_private(path, f"{password}\n")
        return password

    def _has_data(self) -> bool:
        # A file up to version 6, a folder since version 7.
        return any((self._directory / name).exists() for name in ("appendonly.aof", "appendonlydir"))

    def _run(self, lock: int, binary: ServerBinary) -> None:
        """Start the server at its address; without a socket, at a port that turns out to be free."""
        socket_path = self._directory / "redis.sock"
        for attempt in range(1, _PORTS + 1):
            if fits_socket(socket_path):
                address = Address(socket_path, 0)
            elif self._address is not None and attempt == 1:
                # Clients know this port from before.
                address = self._address
            else:
                address = Address(None, _free_port())
            log_start = self._spawn(lock, binary, address)
            if self._listens(address):
                self._address = address
                return
            complaint = self._complaint(log_start)
            if "in use" not in complaint or attempt == _PORTS:
                raise ConfigurationError(f"the embedded {binary} did not start: {complaint} (log: {self._log})")
            self._end_guardian()

    @property
    def _log(self) -> Path:
        return self._directory / "redis.log"

    def _spawn(self, lock: int, binary: ServerBinary, address: Address) -> int:
        """Start guardian and server; returns where in the log its messages begin."""
        configuration = self._directory / "redis.conf"
        _write_private(configuration, server_configuration(binary, self._directory, address, self._password))
        self._lifeline = Lifeline()
        # -I -S: nothing but the standard library, and no environment that could change it.
        command = [sys.executable, "-I", "-S", guardian.__file__, str(self._lifeline.fd), str(_STOP_S)]
        with open(self._log, "ab", opener=_open_private) as log:
            start = log.tell()
            self._guardian = subprocess.Popen(
                [*command, str(binary.path), str(configuration)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(self._lifeline.fd, lock),
                start_new_session=True,
                cwd=self._directory,
            )
        return start

    def _listens(self, address: Address) -> bool:
        """Wait until it answers. False when it ended instead, or nothing came of it in time."""
        deadline = time.monotonic() + _LISTEN_S
        while time.monotonic() < deadline and self.poll() is None:
            try:
                ask(address, self._password, "PING")
            except Refused as refused:
                if str(refused).startswith("LOADING"):
                    deadline = time.monotonic() + _LISTEN_S
            except OSError:
                pass
            else:
                return True
            time.sleep(_PAUSE_S)
        return False

    def _rewrite(self) -> None:
        """Write the append-only file anew, and wait for it.

        A crash can leave half a transaction at the file's end. The load skips it, but
        appending after it could make the half whole at the load after the next crash.
        """
        assert self._address is not None
        deadline = time.monotonic() + _REWRITE_S
        # Refused when one is under way already, which is as good.
        with suppress(Refused):
            ask(self._address, self._password, "BGREWRITEAOF")
        facts = ""
        while time.monotonic() < deadline:
            facts = ask(self._address, self._password, "INFO persistence")
            if "aof_rewrite_in_progress:0" in facts and "aof_rewrite_scheduled:0" in facts:
                break
            time.sleep(_PAUSE_S)
        if "aof_last_bgrewrite_status:ok" not in facts:
            raise ConfigurationError(
                f"the embedded Redis can't write its append-only file; is the disk full? (log: {self._log})"
            )

    def _complaint(self, log_start: int) -> str:
        """What the server said last, of what it marks as a warning."""
        with open(self._log, "rb") as log:
            log.seek(log_start)
            lines = log.read().decode(errors="replace").splitlines()
        marked = [found["text"] for line in lines if (found := _LOG_COMPLAINT.search(line))]
        return (marked or [line for line in lines if line.strip()] or ["it does not answer"])[-1]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _write_private(path: Path, text: str) -> None:
    """Replace a file by one that only its owner can read, in one step."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    with open(new, "x", encoding="utf-8", errors="surrogateescape", opener=_open_private) as file:
        file.write(text)
    new.replace(path)


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
