"""The HTTP client of the state manager: one row of `api`, one call. The only module that speaks HTTP as a client."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from time import monotonic
from typing import Any
from urllib.parse import quote

import httpx

from exosphere_core.api import API_KEY_HEADER, IDEMPOTENCY_KEY_HEADER, LAST_EVENT_ID_HEADER, Row
from exosphere_core.backoff import Backoff
from exosphere_core.errors import (
    BY_STATUS,
    ExosphereError,
    InvalidGraph,
    Overloaded,
    Unavailable,
)

_LOOPBACK = re.compile(r"https?://(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:|/|$)")
_FIELD = re.compile(r"\{(\w+)\}")


class ApiClient:
    """Calls the state manager. One instance holds one connection pool; close it with `aclose`.

    Args:
        uri: base address, such as `http://localhost:8000`.
        key: API key.
        timeout_s: how long one call may take, its repeats included.

    Raises:
        ValueError: HTTP can't carry the URI or the key.
    """

    def __init__(self, uri: str, key: str, timeout_s: float = 30.0) -> None:
        self.uri = uri.rstrip("/")
        self._timeout_s = timeout_s
        try:
            _check(self.uri)
            self._http = httpx.AsyncClient(
                base_url=self.uri,
                headers={API_KEY_HEADER: key},
                timeout=httpx.Timeout(timeout_s, connect=5.0),
                # Reading the certificates takes tens of ms, for nothing where there is no TLS.
                verify=not self.uri.startswith("http://"),
                # A proxy of the environment can't reach this machine's own loopback.
                trust_env=not _LOOPBACK.match(self.uri),
            )
        except (httpx.InvalidURL, ValueError, UnicodeError) as bad:
            raise ValueError(f"state manager URI {uri!r} or its API key can't be used: {bad}") from None

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def call(
        self,
        row: Row,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str | int | Sequence[str]] | None = None,
        timeout_s: float | None = None,
        idempotency_key: str | None = None,
        **path: str | int,
    ) -> dict[str, Any]:
        """Make one call and return its JSON answer.

        A connection that can't be made is tried again within the timeout, and an answer 429 after
        the time that it asks for, where that fits in; a connection lost midway and an answer 503 only where a repeat is safe: the row says so,
        or an idempotency key, which each try carries.

        Raises:
            ExosphereError: the subclass tells what went wrong; see `exosphere_core.errors`.
        """
        url = _FIELD.sub(lambda found: quote(str(path[found[1]]), safe=""), row.path)
        headers = {} if idempotency_key is None else {IDEMPOTENCY_KEY_HEADER: idempotency_key}
        repeatable = row.repeatable or idempotency_key is not None
        deadline = monotonic() + (timeout_s or self._timeout_s)
        backoff = Backoff(0.1)
        while True:
            try:
                answer = await self._http.request(
                    row.method,
                    url,
                    json=body,
                    params=query,
                    headers=headers,
                    timeout=max(0.1, deadline - monotonic()),
                )
            except httpx.HTTPError as lost:
                error: ExosphereError = Unavailable(
                    f"the state manager at {self.uri} can't be reached ({str(lost) or type(lost).__name__}); "
                    "is it running, and is the URI right?"
                )
                may_repeat = repeatable or isinstance(lost, httpx.ConnectError | httpx.ConnectTimeout)
            else:
                if answer.is_success:
                    return self._content_of(answer)
                error = _error_of(answer)
                # 429 came before anything was done; a 503 may have come after.
                may_repeat = answer.status_code == 429 or (answer.status_code == 503 and repeatable)
            asked_s = (error.retry_after_s or 0.0) if isinstance(error, Overloaded) else 0.0
            if not may_repeat or monotonic() + asked_s + backoff.next_s >= deadline:
                raise error
            # The pause on top scatters those who were all told the same time.
            await asyncio.sleep(asked_s)
            await backoff.wait()

    async def stream(
        self, row: Row, *, last_event_id: str = "", silence_s: float, **path: str | int
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Make one call whose answer is a stream of events, and give the data of each as it comes, up to its end.

        An empty one says that nothing will ever follow.

        Args:
            last_event_id: the events that follow on this one are asked for; empty for all.
            silence_s: how long the server may say nothing before it counts as lost, in s.

        Raises:
            Unavailable: the connection can't be made, or was lost: ask again, with the id of the last event.
            ExosphereError: another subclass tells what else went wrong.
        """
        headers = {"accept": "text/event-stream", **({LAST_EVENT_ID_HEADER: last_event_id} if last_event_id else {})}
        timeout = httpx.Timeout(silence_s, connect=5.0)
        url = _FIELD.sub(lambda found: quote(str(path[found[1]]), safe=""), row.path)
        try:
            async with self._http.stream(row.method, url, headers=headers, timeout=timeout) as answer:
                if not answer.is_success:
                    await answer.aread()
                    raise _error_of(answer)
                if answer.status_code == 204:
                    yield {}
                async for line in answer.aiter_lines():
                    # Each event carries its data in one line, and its id and kind in the data.
                    if line.startswith("data:"):
                        yield json.loads(line.removeprefix("data:"))
        except httpx.HTTPError as lost:
            raise Unavailable(
                f"the stream from the state manager at {self.uri} was lost ({str(lost) or type(lost).__name__})"
            ) from None

    def _content_of(self, answer: httpx.Response) -> dict[str, Any]:
        try:
            content = answer.json()
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise ExosphereError(f"what answers at {self.uri} is not a state manager; is the URI right?")
        return content


def _check(uri: str) -> None:
    url = httpx.URL(uri)
    if url.scheme not in ("http", "https") or not url.host or (url.port or 0) > 65535:
        raise ValueError("it must look like http://localhost:8000")


def _seconds(retry_after: str) -> float | None:
    """Read the header; a date in it, as proxies may send, counts as nothing said."""
    return float(retry_after) if retry_after.isascii() and retry_after.isdigit() else None


def _error_of(answer: httpx.Response) -> ExosphereError:
    try:
        content = answer.json()
    except ValueError:
        content = {}
    if not isinstance(content, dict):
        content = {}
    detail = content.get("detail") or f"HTTP {answer.status_code} from {answer.request.url}"
    text = detail if isinstance(detail, str) else str(detail)
    errors = content.get("errors")
    if answer.status_code == 400 and isinstance(errors, list):
        return InvalidGraph(text, [str(error) for error in errors])
    if answer.status_code == 429:
        return Overloaded(text, _seconds(answer.headers.get("retry-after", "")))
    return BY_STATUS.get(answer.status_code, ExosphereError)(text)
