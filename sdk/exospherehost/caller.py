"""Calls of the HTTP API in one namespace: what all of `StateManager` is built on."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from exosphere_core import api
from exosphere_core.access import read_access
from exosphere_core.errors import BadRequest
from exosphere_core.names import name_error
from exospherehost.clients import api_clients
from exospherehost.closing import Closing


class Caller(Closing):
    """Holds address, key and connections, and makes one call for each row of the API. See `StateManager`."""

    def __init__(
        self,
        namespace: str,
        state_manager_uri: str | None = None,
        key: str | None = None,
        state_manager_version: str = api.VERSION,
    ) -> None:
        if error := name_error("namespace", namespace):
            raise ValueError(error)
        if state_manager_version != api.VERSION:
            raise ValueError(f"state_manager_version {state_manager_version!r} is not known; use {api.VERSION!r}")
        access = read_access(state_manager_uri, key)
        self._namespace = namespace
        self._uri = access.uri
        self._clients = api_clients(access)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(namespace={self._namespace!r}, state_manager_uri={self._uri!r})"

    async def aclose(self) -> None:
        """Close the running loop's connections now instead of when the loop ends."""
        await self._clients.aclose()

    async def _call(
        self,
        row: api.Row,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str | int | Sequence[str]] | None = None,
        timeout_s: float | None = None,
        idempotency_key: str | None = None,
        **path: str | int,
    ) -> dict[str, Any]:
        check_names(path)
        client = await self._clients.get()
        return await client.call(
            row,
            body=body,
            query=query,
            timeout_s=timeout_s,
            idempotency_key=idempotency_key,
            namespace=self._namespace,
            **path,
        )

    async def _stream(
        self, row: api.Row, *, last_event_id: str, silence_s: float, **path: str | int
    ) -> AsyncGenerator[dict[str, Any], None]:
        check_names(path)
        client = await self._clients.get()
        stream = client.stream(
            row, last_event_id=last_event_id, silence_s=silence_s, query=None, namespace=self._namespace, **path
        )
        async with aclosing(stream) as events:
            async for event in events:
                yield event


def check_names(path: Mapping[str, str | int]) -> None:
    """Look at the names that a call is about. Raises BadRequest, with the place and what is wrong."""
    for place, value in path.items():
        # A name that is empty or holds a slash would address another route.
        if error := name_error(place, str(value)):
            raise BadRequest(error)
