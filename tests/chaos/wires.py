"""The proxy's process: one listener for each way to Redis, each of which may misbehave by itself."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from conftest import die_with_driver

_PROXY = Path(__file__).resolve().parent / "proxy.py"


class Wires:
    """Ways to one server, by name."""

    def __init__(self) -> None:
        self._proxy: asyncio.subprocess.Process | None = None
        #: Name → port of its listener.
        self.ports: dict[str, int] = {}

    async def start(self, target: int, names: Sequence[str]) -> None:
        """Start the proxy.

        Args:
            target: port of the server.
        """
        # A session of its own: the Ctrl-C of whoever plays the campaign is the driver's alone to deal with.
        self._proxy = await asyncio.create_subprocess_exec(
            sys.executable, str(_PROXY), f"127.0.0.1:{target}", *names,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=die_with_driver, start_new_session=True,
        )  # fmt: skip
        self.ports = json.loads(await self._heard())

    async def misbehave(self, **command: Any) -> int:
        """Have the proxy misbehave. Returns how many connections it concerned."""
        assert self._proxy is not None
        assert self._proxy.stdin is not None
        self._proxy.stdin.write(json.dumps(command).encode() + b"\n")
        return int(await self._heard())

    async def _heard(self) -> bytes:
        assert self._proxy is not None
        assert self._proxy.stdout is not None
        return await self._proxy.stdout.readline()

    async def stop(self) -> None:
        if self._proxy is not None and self._proxy.returncode is None:
            self._proxy.kill()
            await self._proxy.wait()
