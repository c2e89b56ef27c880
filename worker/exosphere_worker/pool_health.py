"""The health and the figures of several worker processes, asked by the one that keeps them running."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from exosphere_core.health import PATH, Answers, Reply
from exosphere_worker import metrics
from exosphere_worker.health import FIGURES_PATH, health_reply, metrics_reply
from exosphere_worker.vitals import Health

#: Seconds that a process has for its answer: one that is stopped or starved gives none.
_ANSWER_S: Final = 2.0

#: Largest answer of a process, in bytes.
_MAX_ANSWER_BYTES: Final = 16 * 1024 * 1024

#: How much of it is read at once, in bytes.
_READ_BYTES: Final = 65_536


def answers_of_pool(sockets: Sequence[Path]) -> Answers:
    """Return what answers for all processes.

    Args:
        sockets: the Unix socket of each process' own health endpoint; the first is process 1.
    """

    async def ask_all(path: str) -> list[dict[str, Any]]:
        return await asyncio.gather(*(_ask(socket, path) for socket in sockets))

    async def health() -> Reply:
        return health_reply(pool_health(await ask_all(PATH)))

    async def text() -> Reply:
        told = await ask_all(FIGURES_PATH)
        # What a process that is gone or silent answers has no figures.
        return metrics_reply([metrics.SILENT if "alive" in figures else figures for figures in told])

    return {PATH: health, metrics.PATH: text}


def pool_health(answers: Sequence[dict[str, Any]]) -> Health:
    """Put the answers of all processes together: alive when each is."""
    processes = [{"process": number, **answer} for number, answer in enumerate(answers, 1)]
    faults = [
        f"worker {process['process']}: {process.get('detail', 'not alive')}"
        for process in processes
        if process["alive"] is not True
    ]
    body: dict[str, object] = {"alive": not faults, "processes": processes}
    if faults:
        body["detail"] = "; ".join(faults)
    return Health(not faults, body)


async def _ask(socket: Path, path: str) -> dict[str, Any]:
    try:
        async with asyncio.timeout(_ANSWER_S):
            reader, writer = await asyncio.open_unix_connection(socket)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                content = await _read_to_end(reader)
            finally:
                writer.close()
        answer: dict[str, Any] = json.loads(content.partition(b"\r\n\r\n")[2])
        return answer
    except TimeoutError:
        return {"alive": False, "detail": f"it does not answer within {_ANSWER_S:g} s"}
    except (OSError, ValueError):
        return {"alive": False, "detail": "it is not running"}


async def _read_to_end(reader: asyncio.StreamReader) -> bytes:
    content = b""
    while len(content) <= _MAX_ANSWER_BYTES and (more := await reader.read(_READ_BYTES)):
        content += more
    return content
