"""Reading JSON bodies: what can't be read is refused with one line that says where it is wrong."""

import json
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from exosphere_core.store.calls import recorded


def read_json(body: bytes, most_deep: int) -> Any:
    """Return the value of a JSON text.

    Args:
        most_deep: how deep lists and objects may be nested.

    Raises:
        ValueError: it is no JSON, is nested too deeply, or holds what can't be stored: NaN, infinity, half a surrogate pair.
    """
    try:
        value = json.loads(body, parse_constant=_refuse_constant)
    except json.JSONDecodeError as bad:
        raise ValueError(f"{bad.msg} at line {bad.lineno} column {bad.colno}") from None
    except UnicodeDecodeError as bad:
        raise ValueError(f"byte {bad.start} is not UTF-8") from None
    except RecursionError:
        raise ValueError(_too_deep(most_deep)) from None
    if is_deeper(value, most_deep):
        raise ValueError(_too_deep(most_deep))
    # Only an escape can make a surrogate that stands alone; the driver could not send it to Redis.
    if b"\\ud" in body or b"\\uD" in body:
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as bad:
            half = ord(bad.object[bad.start])
            raise ValueError(
                f"the escape \\u{half:04x} is half of a surrogate pair; the other half is missing"
            ) from None
    return value


def is_deeper(value: Any, most_deep: int) -> bool:
    """Whether lists and objects are nested deeper than that."""
    level = [value] if isinstance(value, list | dict) else []
    for _ in range(most_deep):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, list | dict)
        ]
        if not level:
            return False
    return True


def _too_deep(most_deep: int) -> str:
    return f"it is nested too deeply; the limit is {most_deep} (EXOSPHERE_MAX_JSON_DEPTH)"


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


class _JsonRequest(Request):
    async def json(self) -> Any:
        try:
            return read_json(await self.body(), self.app.state.services.settings.max_json_depth)
        except ValueError as bad:
            raise HTTPException(422, f"the body is not JSON: {bad}") from None


class JsonRoute(APIRoute):
    """A route whose body is read by `read_json`, and whose effect on Redis is kept for a while when it succeeded."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def read_and_handle(request: Request) -> Response:
            with recorded() as calls:
                answer = await handle(_JsonRequest(request.scope, request.receive))
            if calls and answer.status_code < 300:
                request.app.state.services.engine.edge.keep(calls)
            return answer

        return read_and_handle
