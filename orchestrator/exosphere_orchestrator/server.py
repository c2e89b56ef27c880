"""The state manager's process."""

import asyncio
import gc
import logging
import signal
import socket

import uvicorn

from exosphere_core.errors import ConfigurationError
from exosphere_core.store.connection import check_server, connect
from exosphere_core.store.server_settings import check_safety, findings, read_settings
from exosphere_orchestrator.engine.engine import new_safety
from exosphere_orchestrator.http.app import create_app
from exosphere_orchestrator.logs import set_up_logging
from exosphere_orchestrator.settings import Settings
from exosphere_orchestrator.vault import Vault

logger = logging.getLogger("exosphere.server")

#: How long requests under way may take after a stop was asked for, in s.
_GRACE_S = 5


def serve(settings: Settings) -> None:
    """Run the state manager until SIGTERM or SIGINT.

    Raises:
        ConfigurationError: a setting is wrong, the port is in use, or Redis can't be reached.
    """
    set_up_logging(settings.log_level, settings.log_format)
    Vault(settings.encryption_key.get_secret_value())
    asyncio.run(_check_redis(settings))
    listener = _listen(settings.host, settings.port)
    config = uvicorn.Config(
        create_app(settings),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    # The server raises the signal that stopped it once more when it has stopped, which would make an orderly end a failure.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    # Most objects live as long as a state does: looking through all of them every 700 allocations finds nothing.
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    logger.info("state manager listens on http://%s:%d", settings.host, listener.getsockname()[1])
    uvicorn.Server(config).run(sockets=[listener])
    logger.info("state manager has stopped")


async def _check_redis(settings: Settings) -> None:
    redis = connect(settings.redis_url.get_secret_value())
    try:
        version = await check_server(redis)
        server, safety = await read_settings(redis), new_safety(settings)
        check_safety(version, server, safety)
        found = findings(server, safety)
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
