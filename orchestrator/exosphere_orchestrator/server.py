"""The state manager's process."""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI

from exosphere_core.errors import ConfigurationError
from exosphere_core.logs import set_up_logging
from exosphere_core.store.connection import check_server, connect
from exosphere_core.store.server_settings import check_safety, findings, read_settings
from exosphere_orchestrator.admission.intake import new_safety
from exosphere_orchestrator.http.app import begin_stop, create_app
from exosphere_orchestrator.http.one_write import OneWrite
from exosphere_orchestrator.memory import settle_in
from exosphere_orchestrator.settings import Settings
from exosphere_orchestrator.vault import Vault

logger = logging.getLogger("exosphere.server")

#: How long requests under way may take after a stop was asked for, in s.
_GRACE_S = 5

#: How long a connection may lie idle, in s: longer than clients (ours: 15 s) and the usual proxies (60 s) keep one. The
#: one that closes first must be the client, or its next call may meet the end of the connection.
_KEEP_ALIVE_S = 75


class _Server(uvicorn.Server):
    """Stops in order at the first SIGTERM or SIGINT, and at once at the second.

    Args:
        on_stop: called from the signal handler when a stop is asked for.
    """

    def __init__(self, config: uvicorn.Config, on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_stop = on_stop

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit:
            os._exit(128 + sig)
        super().handle_exit(sig, frame)
        self._on_stop()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Not in the signal handler: it may have interrupted the writing of another line.
        logger.info(
            "stopping: what is under way is finished, the rest is left to others; a second signal stops at once"
        )
        await super().shutdown(sockets)


def server_config(app: FastAPI) -> uvicorn.Config:
    """How the HTTP server treats its connections."""
    return uvicorn.Config(
        app,
        http=OneWrite,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_GRACE_S,
    )


def serve(settings: Settings) -> None:
    """Run the state manager until SIGTERM or SIGINT. Then it takes no new calls, answers those under way, and hands the
    reports that it holds to others; a second signal ends it at once.

    Raises:
        ConfigurationError: a setting is wrong, the port is in use, or Redis can't be reached.
    """
    set_up_logging(settings.log_level, settings.log_format)
    Vault(settings.encryption_key.get_secret_value())
    asyncio.run(_check_redis(settings))
    listener = _listen(settings.host, settings.port)
    app = create_app(settings)
    config = server_config(app)
    # The server raises the signal that stopped it once more when it has stopped, which would make an orderly end a failure.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    settle_in()
    logger.info("state manager listens on http://%s:%d", settings.host, listener.getsockname()[1])
    _Server(config, lambda: begin_stop(app)).run(sockets=[listener])
    logger.info("state manager has stopped")


async def _check_redis(settings: Settings) -> None:
    redis = connect(settings.redis_url.get_secret_value())
    try:
        version = await check_server(redis)
        (servers, away), safety = await read_settings(redis), new_safety(settings)
        check_safety(version, servers, safety)
        found = findings(servers, safety, away)
        for warning in found.warnings:
            logger.warning("%s", warning)
        for note in found.notes:
            logger.info("%s", note)
    finally:
        await redis.aclose()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as taken:
        listener.close()
        raise ConfigurationError(
            f"can't listen on {host}:{port}: {taken.strerror}; choose another port with --port or EXOSPHERE_PORT"
        ) from None
    listener.listen(2048)
    return listener
