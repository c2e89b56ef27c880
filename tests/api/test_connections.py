"""The connections of the HTTP server."""

import asyncio

import httpx
from fastapi import FastAPI

from exosphere_orchestrator.server import server_config

#: How long load balancers keep an idle connection unless told otherwise, in s.
USUAL_PROXY_S = 60


def test_an_idle_connection_is_closed_by_the_client_and_not_under_its_next_call() -> None:
    async def kept_by_the_client_s() -> float:
        async with httpx.AsyncHTTPTransport() as transport:
            return transport._pool._keepalive_expiry or 0.0

    assert server_config(FastAPI()).timeout_keep_alive > max(asyncio.run(kept_by_the_client_s()), USUAL_PROXY_S)
