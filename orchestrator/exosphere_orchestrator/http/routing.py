"""Turns a row of the API into a route: method, path, status, bodies and error answers are said once, there."""

from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import APIRouter

from exosphere_core.api import ErrorBody, Row

Handler = TypeVar("Handler", bound=Callable[..., Any])

_MEANINGS = {
    400: "The request is malformed; the detail names the field",
    401: "The API key is missing or wrong",
    404: "There is no such thing",
    413: "The body is too large",
    422: "The body does not have the documented form",
    503: "Redis can't be reached now; try again",
}


def handles(router: APIRouter, row: Row) -> Callable[[Handler], Handler]:
    """Return a decorator that makes a function the handler of a row."""
    statuses = {*row.errors}
    if row.keyed:
        statuses |= {401, 413, 422, 503}
    responses: dict[int | str, dict[str, Any]] = {
        status: {"model": ErrorBody, "description": _MEANINGS[status]} for status in sorted(statuses)
    }

    def register(handler: Handler) -> Handler:
        router.add_api_route(
            row.path,
            handler,
            methods=[row.method],
            name=row.name,
            operation_id=row.name,
            summary=row.summary,
            response_model=row.response,
            status_code=row.status,
            responses=responses,
        )
        return handler

    return register
