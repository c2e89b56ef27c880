"""Reads what the nodes of a run wrote, page by page or as it comes in: for the SDK and the command line."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from time import monotonic
from typing import Any, Final

from exosphere_core import api
from exosphere_core.backoff import Backoff
from exosphere_core.client import ApiClient
from exosphere_core.errors import Overloaded, Unavailable
from exosphere_core.log_lines import Level, LineKind

#: The state manager says something each 15 s, if only that it is there.
_SILENCE_S: Final = 45.0

#: How many lines one call asks for.
_PAGE: Final = 500

Query = Mapping[str, str | Sequence[str]]


async def list_lines(
    client: ApiClient, namespace: str, run_id: str, query: Query, after: str = ""
) -> AsyncGenerator[dict[str, Any], None]:
    """Give the lines that are there, oldest first. Where some are kept no more, a line of kind `dropped` says so.

    Args:
        query: the filters of the call.
        after: id of a line: those that followed on it are given.
    """
    asked: dict[str, Any] = {**query, "limit": _PAGE}
    if after:
        asked["cursor"] = after
    while True:
        page = await client.call(api.LIST_LINES, query=asked, namespace=namespace, run_id=run_id)
        if page["dropped"]:
            yield _gap(run_id, str(asked.get("cursor", "0")), page["dropped"])
        for line in page["lines"]:
            yield line
        if page["next_cursor"] is None:
            return
        asked["cursor"] = page["next_cursor"]


async def follow_lines(
    client: ApiClient, namespace: str, run_id: str, query: Query, after: str = "", patience_s: float = 60.0
) -> AsyncGenerator[dict[str, Any], None]:
    """Give the lines that are there, then each as it comes in, until the run has ended. For the arguments see `list_lines`.

    Args:
        patience_s: how long the state manager may be away, in s.

    Raises:
        Unavailable: it is away for longer.
    """
    backoff = Backoff(0.1)
    heard = monotonic()
    while True:
        try:
            stream = client.stream(
                api.FOLLOW_LINES, last_event_id=after, silence_s=_SILENCE_S, query=query, namespace=namespace, run_id=run_id
            )  # fmt: skip
            async with aclosing(stream) as events:
                async for event in events:
                    if not event or event["event"] == "end":
                        return
                    after = event["id"]
                    yield event["line"] if event["event"] == "line" else _gap(run_id, after, event["dropped"])
                    heard = monotonic()
                    backoff.reset()
            heard = monotonic()
        except (Unavailable, Overloaded):
            if monotonic() - heard > patience_s:
                raise
        # It is lost, or a state manager that stops has let us go: another one goes on.
        await backoff.wait()


def _gap(run_id: str, line_id: str, count: int) -> dict[str, Any]:
    return {
        "id": line_id,
        "run_id": run_id,
        "at": None,
        "kind": LineKind.DROPPED.value,
        "level": Level.WARNING.value,
        "state_id": None,
        "node_name": None,
        "identifier": None,
        "attempt": None,
        "worker": None,
        "text": f"{count} lines of the run are kept no more: it has newer ones",
        "fields": {"count": count},
    }
