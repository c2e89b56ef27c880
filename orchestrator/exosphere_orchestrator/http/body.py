"""Reading JSON bodies: what can't be read is refused with one line that says where it is wrong."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, TypeVar

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from exosphere_core.store.calls import recorded
from exosphere_orchestrator.http.guard import ROW_OF, permit
from exosphere_orchestrator.json_text import read_json

#: Reads what a call has beside its path, as arguments of its handler.
Arguments = Callable[[Request], Awaitable[dict[str, Any]]]

#: Of the calls that do without the framework's reading and writing, by the name of the row: a few that come very often. The
#: signature of the handler is there for the description of the call then; what it returns is the answer.
ARGUMENTS_OF: Final[dict[str, Arguments]] = {}

Model = TypeVar("Model", bound=BaseModel)


class _JsonRequest(Request):
    async def json(self) -> Any:
        try:
            return read_json(await self.body(), self.app.state.services.settings.max_json_depth)
        except ValueError as bad:
            raise HTTPException(422, f"the body is not JSON: {bad}") from None


async def raw_body(request: Request) -> bytes:
    """Return a body that is said to be JSON.

    Raises:
        RequestValidationError: there is none, or it is said to be something else.
        HTTPException: it did not come whole.
    """
    try:
        body = await request.body()
    except ClientDisconnect:
        raise HTTPException(400, "the connection was lost before the body had come") from None
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_json = kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))
    if not body or not is_json:
        raise RequestValidationError([{"loc": ("body",), "msg": ""}])
    return body


async def read_slowly(request: Request, model: type[Model], most_faults: int | None = None) -> Model:
    """Read a body as the framework does, which tells best what is wrong with it.

    Args:
        most_faults: how many faults are told; None for all.

    Raises:
        RequestValidationError: it has not the documented form.
        HTTPException: it is no JSON.
    """
    try:
        return model.model_validate(await request.json())
    except ValidationError as wrong:
        faults = wrong.errors()[:most_faults]
        raise RequestValidationError([{**fault, "loc": ("body", *fault["loc"])} for fault in faults]) from None


class JsonRoute(APIRoute):
    """The route of a row: for those whom it permits, with a body read by `read_json`, and an effect on Redis that is kept
    for a while when it succeeded.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        row = ROW_OF[self.name]
        if arguments := ARGUMENTS_OF.get(row.name):
            handle = self._by_itself(arguments)

        async def read_and_handle(request: Request) -> Response:
            permit(request, row)
            with recorded() as calls:
                answer = await handle(_JsonRequest(request.scope, request.receive))
            if calls and answer.status_code < 300:
                request.app.state.services.engine.edge.keep(calls)
            return answer

        return read_and_handle

    def _by_itself(self, arguments: Arguments) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = self.endpoint

        async def handle(request: Request) -> Response:
            answer = await handler(request, **request.path_params, **await arguments(request))
            assert isinstance(answer, Response)
            return answer

        return handle
