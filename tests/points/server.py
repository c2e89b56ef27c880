"""A real Redis that keeps nothing and ends with this process."""

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis
from redis.exceptions import ConnectionError

from conftest import die_with_driver, redis_server_binary


@contextmanager
def redis_server() -> Iterator[str]:
    """Start it, and give the path of its socket."""
    with tempfile.TemporaryDirectory(prefix="exo-points-", ignore_cleanup_errors=True) as folder:
        socket = Path(folder) / "s"
        server = subprocess.Popen(
            [redis_server_binary(), "--port", "0", "--unixsocket", str(socket), "--save", "", "--appendonly", "no", "--dir", folder],
            stdout=subprocess.DEVNULL, preexec_fn=die_with_driver,
        )  # fmt: skip
        try:
            deadline = time.monotonic() + 20
            while not socket.exists():
                assert server.poll() is None, "redis-server ended"
                assert time.monotonic() < deadline, "redis-server did not start"
                time.sleep(0.01)
            with Redis(unix_socket_path=str(socket)) as client:
                # Its file is there a moment before anybody listens at it.
                while True:
                    try:
                        client.ping()
                        break
                    except ConnectionError:
                        assert time.monotonic() < deadline, "redis-server does not answer"
                        time.sleep(0.01)
            yield str(socket)
        finally:
            server.terminate()
            server.wait(timeout=20)
