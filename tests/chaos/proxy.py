"""A TCP proxy that misbehaves on demand: `python proxy.py HOST:PORT NAME...` listens once for each name.

It prints its ports as one JSON line, then reads commands as JSON lines from standard input and answers each with how
many connections it concerned. It ends with its standard input.
"""

import asyncio
import json
import random
import sys
from collections.abc import Callable
from typing import Any, cast


class Pair:
    """A client's connection and ours to the server, with what is wrong between them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.client: asyncio.Transport | None = None
        self.server: asyncio.Transport | None = None
        self.early: list[bytes] = []
        #: Drops what the server says; drops all; seconds by which everything is late.
        self.deaf = self.void = False
        self.late_s = 0.0
        #: When the newest byte of each direction leaves: what comes later must not overtake it.
        self.leaves = {True: 0.0, False: 0.0}

    def abort(self) -> None:
        for side in (self.client, self.server):
            if side is not None:
                side.abort()

    def pass_on(self, data: bytes, from_client: bool) -> None:
        if self.void or (self.deaf and not from_client):
            return
        loop = asyncio.get_running_loop()
        now = loop.time()
        leaves = max(now + self.late_s, self.leaves[from_client])
        if leaves <= now:
            self._write(data, from_client)
        else:
            # A microsecond more each: timers of the same time may fire in any order.
            self.leaves[from_client] = leaves + 1e-6
            loop.call_at(leaves, self._write, data, from_client)

    def _write(self, data: bytes, from_client: bool) -> None:
        target = self.server if from_client else self.client
        if target is None:
            self.early.append(data)
        elif not target.is_closing():
            target.write(data)


class Side(asyncio.Protocol):
    """One end of a pair."""

    def __init__(self, pair: Pair, is_client: bool, closed: Callable[[Pair], None]) -> None:
        self._pair = pair
        self._is_client = is_client
        self._closed = closed

    def data_received(self, data: bytes) -> None:
        self._pair.pass_on(data, self._is_client)

    def connection_lost(self, reason: Exception | None) -> None:
        self._closed(self._pair)


class Proxy:
    """All pairs, and the commands."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._pairs: set[Pair] = set()
        #: name → since when a fault holds for new connections, too: sets the flags of a pair
        self._standing: dict[str, Callable[[Pair], None]] = {}

    async def listen(self, name: str) -> int:
        loop = asyncio.get_running_loop()

        def accepted() -> asyncio.Protocol:
            pair = Pair(name)
            return _Accepted(pair, self)

        server = await loop.create_server(accepted, "127.0.0.1", 0, backlog=512)
        port: int = server.sockets[0].getsockname()[1]
        return port

    async def connect(self, pair: Pair) -> None:
        self._pairs.add(pair)
        if set_flags := self._standing.get(pair.name):
            set_flags(pair)
        try:
            transport, _ = await asyncio.get_running_loop().create_connection(
                lambda: Side(pair, False, self.closed), *self._target
            )
        except OSError:
            self.closed(pair)
            return
        pair.server = transport
        for data in pair.early:
            transport.write(data)
        pair.early.clear()
        if pair not in self._pairs:
            transport.abort()

    def closed(self, pair: Pair) -> None:
        self._pairs.discard(pair)
        pair.abort()

    def do(self, command: dict[str, Any]) -> int:
        """Carry out a command: `do`, `names`, and of some `share`, `for_s`, `late_s`, `seed`."""
        chance = random.Random(command.get("seed", 0))
        names, share = set(command["names"]), command.get("share", 1.0)
        chosen = [pair for pair in list(self._pairs) if pair.name in names and chance.random() < share]
        what, for_s = command["do"], command.get("for_s", 0.0)
        loop = asyncio.get_running_loop()
        if what == "cut":
            for pair in chosen:
                pair.abort()
        elif what == "half_close":
            for pair in chosen:
                pair.deaf = True
                if pair.client is not None and pair.client.can_write_eof():
                    pair.client.write_eof()
            loop.call_later(for_s, self._abort, chosen)
        elif what == "lose_replies":
            for pair in chosen:
                pair.deaf = True
            loop.call_later(for_s, self._abort, chosen)
        else:
            late_s = command.get("late_s", 0.0)

            def set_flags(pair: Pair) -> None:
                pair.void, pair.late_s = what == "black_hole", late_s

            for pair in chosen:
                set_flags(pair)
            if what == "black_hole":
                self._standing.update(dict.fromkeys(names, set_flags))
            loop.call_later(for_s, self._heal, names, chosen, what)
        return len(chosen)

    def _abort(self, pairs: list[Pair]) -> None:
        for pair in pairs:
            pair.abort()

    def _heal(self, names: set[str], chosen: list[Pair], what: str) -> None:
        for name in names:
            self._standing.pop(name, None)
        for pair in list(self._pairs):
            if pair.void and pair.name in names:
                pair.abort()
            elif pair in chosen:
                pair.late_s = 0.0


class _Accepted(Side):
    def __init__(self, pair: Pair, proxy: Proxy) -> None:
        super().__init__(pair, True, proxy.closed)
        self._proxy = proxy
        self._connecting: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._pair.client = cast(asyncio.Transport, transport)
        self._connecting = asyncio.create_task(self._proxy.connect(self._pair))


async def main() -> None:
    host, _, port = sys.argv[1].rpartition(":")
    proxy = Proxy(host, int(port))
    print(json.dumps({name: await proxy.listen(name) for name in sys.argv[2:]}), flush=True)
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while line := await commands.readline():
        print(proxy.do(json.loads(line)), flush=True)


if __name__ == "__main__":
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
