"""The HTTP client of the state manager: one row of `api`, one call. The only module that speaks HTTP as a client."""

import asyncio
import json
import os
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from time import monotonic
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

import aiohttp
from yarl import URL

from exosphere_core import traces
from exosphere_core.api import API_KEY_HEADER, IDEMPOTENCY_KEY_HEADER, LAST_EVENT_ID_HEADER, TRACEPARENT_HEADER, Row
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

#: How long connecting may take, in s.
_CONNECT_S: Final = 5.0

#: How long an idle connection is kept, in s: shorter than servers and proxies keep one, which close theirs after 60 s and more.
_KEPT_S: Final = 15.0

_JSON: Final = {"content-type": "application/json"}

#: It was never sent: to try again can't do anything twice.
_NOT_CONNECTED: Final = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


class _Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    content: bytes
    url: str


class ApiClient:
    """Calls the state manager. One instance holds one connection pool, of the event loop of its first call; close it with
    `aclose`.

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
        self._headers = {API_KEY_HEADER: key}
        try:
            _check(self.uri, key)
        except ValueError as bad:
            raise ValueError(f"state manager URI {uri!r} or its API key can't be used: {bad}") from None
        self._opened: aiohttp.ClientSession | None = None

    @property
    def _http(self) -> aiohttp.ClientSession:
        if self._opened is None:
            self._opened = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEPT_S),
                headers=self._headers,
                cookie_jar=aiohttp.DummyCookieJar(),
                # A proxy of the environment can't reach this machine's own loopback.
                trust_env=not _LOOPBACK.match(self.uri),
            )
        return self._opened

    async def aclose(self) -> None:
        """Close the connections."""
        if self._opened is not None:
            await self._opened.close()

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
        url = self._url(row, path, query)
        headers = {} if body is None else dict(_JSON)
        if idempotency_key is not None:
            headers[IDEMPOTENCY_KEY_HEADER] = idempotency_key
        if traces.installed is not None and (parent := traces.installed.current()):
            headers[TRACEPARENT_HEADER] = parent
        data = None if body is None else json.dumps(body, separators=(",", ":"), allow_nan=False).encode()
        repeatable = row.repeatable or idempotency_key is not None
        deadline = monotonic() + (timeout_s or self._timeout_s)
        backoff = Backoff(0.1)
        while True:
            try:
                answer = await self._ask(row.method, url, data, headers, max(0.1, deadline - monotonic()))
            except (aiohttp.ClientError, TimeoutError) as lost:
                error: ExosphereError = Unavailable(
                    f"the state manager at {self.uri} can't be reached ({_reason_of(lost)}); "
                    "is it running, and is the URI right?"
                )
                may_repeat = repeatable or isinstance(lost, _NOT_CONNECTED)
            else:
                if 200 <= answer.status < 300:
                    return self._content_of(answer)
                error = _error_of(answer)
                # 429 came before anything was done; a 503 may have come after.
                may_repeat = answer.status == 429 or (answer.status == 503 and repeatable)
            asked_s = (error.retry_after_s or 0.0) if isinstance(error, Overloaded) else 0.0
            if not may_repeat or monotonic() + asked_s + backoff.next_s >= deadline:
                raise error
            # The pause on top scatters those who were all told the same time.
            await asyncio.sleep(asked_s)
            await backoff.wait()

    async def stream(
        self,
        row: Row,
        *,
        last_event_id: str = "",
        silence_s: float,
        query: Mapping[str, str | Sequence[str]] | None = None,
        **path: str | int,
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
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S, sock_read=silence_s)
        try:
            async with self._http.request(
                row.method, self._url(row, path, query), headers=headers, timeout=timeout, allow_redirects=False
            ) as answer:
                if not answer.ok:
                    raise _error_of(await _read(answer))
                if answer.status == 204:
                    yield {}
                async for line in _lines(answer.content):
                    # Each event carries its data in one line, and its id and kind in the data.
                    if line.startswith(b"data:"):
                        yield json.loads(line.removeprefix(b"data:"))
        except (aiohttp.ClientError, TimeoutError) as lost:
            raise Unavailable(
                f"the stream from the state manager at {self.uri} was lost ({_reason_of(lost)})"
            ) from None

    def _url(
        self,
        row: Row,
        path: Mapping[str, str | int],
        query: Mapping[str, str | int | Sequence[str]] | None = None,
    ) -> URL:
        filled = _FIELD.sub(lambda found: quote(str(path[found[1]]), safe=""), row.path)
        asked = f"?{urlencode(query, doseq=True)}" if query else ""
        return URL(f"{self.uri}{filled}{asked}", encoded=True)

    async def _ask(
        self, method: str, url: URL, data: bytes | None, headers: Mapping[str, str], timeout_s: float
    ) -> _Answer:
        timeout = aiohttp.ClientTimeout(total=timeout_s, sock_connect=_CONNECT_S)
        async with self._http.request(
            method, url, data=data, headers=headers, timeout=timeout, allow_redirects=False
        ) as answer:
            return await _read(answer)

    def _content_of(self, answer: _Answer) -> dict[str, Any]:
        try:
            content = json.loads(answer.content)
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise ExosphereError(f"what answers at {self.uri} is not a state manager; is the URI right?")
        return content


async def _read(answer: aiohttp.ClientResponse) -> _Answer:
    return _Answer(answer.status, answer.headers, await answer.read(), str(answer.url))


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """Give the lines of a body as they come, however long one is."""
    begun = b""
    async for part in content.iter_any():
        *lines, begun = (begun + part).split(b"\n")
        for line in lines:
            yield line


def _reason_of(lost: BaseException) -> str:
    if isinstance(lost, aiohttp.ClientConnectorError) and (lost.errno or 0) > 0:
        # The event loops word it each in its own way.
        return os.strerror(lost.errno or 0)
    return str(lost) or type(lost).__name__


def _check(uri: str, key: str) -> None:
    url = urlsplit(uri)
    port = url.netloc.rpartition("@")[2].rpartition("]")[2].partition(":")[2] or "80"
    if url.scheme not in ("http", "https") or not url.hostname or not (port.isdecimal() and 0 < int(port) <= 65535):
        raise ValueError("it must look like http://localhost:8000")
    if not (key.isascii() and key.isprintable()):
        raise ValueError("a key is printable ASCII")


def _seconds(retry_after: str) -> float | None:
    """Read the header; a date in it, as proxies may send, counts as nothing said."""
    return float(retry_after) if retry_after.isascii() and retry_after.isdigit() else None


def _error_of(answer: _Answer) -> ExosphereError:
    try:
        content = json.loads(answer.content)
    except ValueError:
        content = {}
    if not isinstance(content, dict):
        content = {}
    detail = content.get("detail") or f"HTTP {answer.status} from {answer.url}"
    text = detail if isinstance(detail, str) else str(detail)
    errors = content.get("errors")
    if answer.status == 400 and isinstance(errors, list):
        return InvalidGraph(text, [str(error) for error in errors])
    if answer.status == 429:
        return Overloaded(text, _seconds(answer.headers.get("retry-after", "")))
    return BY_STATUS.get(answer.status, ExosphereError)(text)
