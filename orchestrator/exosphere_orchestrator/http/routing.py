"""Turns a row of the API into a route: method, path, status, bodies and error answers are said once, there."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from fastapi.security import APIKeyHeader

from exosphere_core.api import API_KEY_HEADER, ROWS, Row
from exosphere_orchestrator.http.body import ARGUMENTS_OF, Arguments, JsonRoute
from exosphere_orchestrator.http.description import ERROR_CONTENT

Handler = TypeVar("Handler", bound=Callable[..., Any])

# The gate has checked the key before; this puts it into the OpenAPI description.
_TELLS_OF_THE_KEY = Depends(APIKeyHeader(name=API_KEY_HEADER, scheme_name="apiKey", auto_error=False))

_MEANINGS = {
    400: "The request asks for what can't be; the detail names it",
    401: "The API key is missing, wrong, revoked or expired",
    403: "The API key is good for another namespace, or its role is too small; the detail says what is needed",
    404: "There is no such thing",
    408: "The body did not come whole in time",
    409: "It was done already, or something is in its way; the detail says what",
    413: "The body is too large",
    422: "The request does not have the documented form; the detail names the field",
    429: "There is too much to do already, or the API key makes too many requests: nothing was changed, the detail names the limit, and the header `Retry-After` says in s when to try again",
    503: "Redis can't be reached now; try again",
}


def _event_schema(row: Row) -> dict[str, Any]:
    """Describe one server-sent event: its fields are text, and its data the JSON of a body. It has an id where the body has."""
    body = row.response.model_json_schema()
    parts = body.pop("$defs", {})
    properties = {
        **({"id": {"type": "string"}} if "id" in body["properties"] else {}),
        "event": {"type": "string", "enum": body["properties"]["event"]["enum"]},
        "data": {"type": "string", "contentMediaType": "application/json", "contentSchema": _inlined(body, parts)},
    }
    return {
        "title": "ServerSentEvent",
        "type": "object",
        "properties": properties,
        "required": list(properties),
    }


def _inlined(schema: Any, parts: dict[str, Any]) -> Any:
    """Put the parts of a schema in the places that refer to them: inside a description there is no other place for them."""
    if isinstance(schema, list):
        return [_inlined(item, parts) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(parts[schema["$ref"].removeprefix("#/$defs/")], parts)
    return {name: _inlined(value, parts) for name, value in schema.items()}


def handles(
    router: APIRouter, row: Row, *, reads_body: bool = False, arguments: Arguments | None = None
) -> Callable[[Handler], Handler]:
    """Return a decorator that makes a function the handler of a row.

    Args:
        arguments: reads what the call has beside its path, in place of the framework; the handler returns the answer itself.
        reads_body: the handler reads the body by itself, so that the framework learns only here what it is like.
    """
    statuses = {*row.errors}
    if row.keyed:
        statuses |= {401, 403, 429, 503}
    if row.request:
        statuses |= {408, 413, 422}
    if row.query or "{" in row.path:
        statuses |= {422}
    responses: dict[int | str, dict[str, Any]] = {
        status: {"content": ERROR_CONTENT, "description": _MEANINGS[status]} for status in sorted(statuses)
    }

    if row.streams:
        responses[row.status] = {
            "description": "Server-sent events; the data of each are as in the schema",
            "content": {"text/event-stream": {"schema": _event_schema(row)}},
        }
    if row.nothing:
        responses[204] = {"description": row.nothing}

    # A response of no kind of its own: the only content that is described is the stream.
    kind: dict[str, Any] = {"response_class": Response} if row.streams else {}

    described: dict[str, Any] | None = None
    if reads_body and row.request:
        body = row.request.model_json_schema()
        schema = _inlined(body, body.pop("$defs", {}))
        described = {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}

    if arguments is not None:
        ARGUMENTS_OF[row.name] = arguments

    def register(handler: Handler) -> Handler:
        router.add_api_route(
            row.path,
            handler,
            methods=[row.method],
            name=row.name,
            operation_id=row.name,
            summary=row.summary,
            response_model=None if row.streams else row.response,
            **kind,
            status_code=row.status,
            responses=responses,
            openapi_extra=described,
            dependencies=[_TELLS_OF_THE_KEY] if row.keyed else [],
            # Whatever the router says: no call may pass by the check of its role.
            route_class_override=JsonRoute,
        )
        return handler

    return register


def methods_of(path: str) -> list[str]:
    """Return the methods of all calls that a path may name, in alphabetical order."""
    return sorted({method for pattern, method in _PATHS if pattern.fullmatch(path)})


_PATHS = [(re.compile(re.sub(r"\{\w+\}", "[^/]+", row.path)), row.method) for row in ROWS]
