"""`python -m bench.instructions`: how many instructions Redis executes for the longest scripts, counted by valgrind.

A count is the same on a busy machine and on an idle one, so it tells work from waiting where a clock can't.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from bench.longest import CASES
from bench.scripts import load, run
from exosphere_orchestrator.embedded.binary import find_server

_TIMES = 5
_PATIENCE_S = 60.0


def main() -> int:
    if shutil.which("valgrind") is None:
        print("error: valgrind is not installed; it counts the instructions", file=sys.stderr)
        return 1
    print("| script | instructions |\n|---|---|")
    for what in CASES:
        print(f"| {what} | {_instructions(what):,} |", flush=True)
    return 0


def _instructions(what: str) -> int:
    """The mean over some runs of a script, the handling of its command included."""
    with tempfile.TemporaryDirectory(prefix="exo-bench-") as folder:
        socket = f"{folder}/redis.sock"
        server = subprocess.Popen(
            [
                "valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={folder}/counts",
                find_server().path, "--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "yes", "--dir", folder,
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            redis = _connected(socket)
            for _, (prepare, measured) in zip(range(_TIMES), CASES[what](), strict=False):
                for call in prepare:
                    load(redis, call)
                    run(redis, call)
                load(redis, measured)
                _control(server.pid, "--instr=on")
                run(redis, measured)
                _control(server.pid, "--instr=off")
            _control(server.pid, "--dump")
        finally:
            server.terminate()
            server.wait()
        counted = [
            int(total)
            for file in Path(folder).glob("counts*")
            for total in re.findall(r"^(?:totals|summary): (\d+)", file.read_text(), re.MULTILINE)
        ]
        return max(counted) // _TIMES


def _connected(socket: str) -> Any:
    redis = Redis(unix_socket_path=socket)
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            redis.ping()
            return redis
        except RedisError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _control(pid: int, word: str) -> None:
    subprocess.run(["callgrind_control", word, str(pid)], check=True, capture_output=True)


if __name__ == "__main__":
    sys.exit(main())
