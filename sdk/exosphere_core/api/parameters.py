"""What stands in the paths of the calls: meaning and form of each, by its name."""

from typing import Any, Final, NamedTuple

from exosphere_core.api.catalog import LONGEST_INSTANCE
from exosphere_core.api.runs import LARGEST_SIZE, LAST_PAGE
from exosphere_core.names import IDENTIFIER_PATTERN, NAME_PATTERN


class PathParameter(NamedTuple):
    """One part of a path.

    Attributes:
        form: keywords of JSON Schema. They describe what a call accepts; the call itself refuses what differs, with a
            message of its own.
    """

    meaning: str
    form: dict[str, Any]


def _pattern(expression: str) -> dict[str, Any]:
    return {"pattern": f"^{expression}$"}


_ID_FORM: Final[dict[str, Any]] = {"minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9-]+$"}

PATH_PARAMETERS: Final = {
    "namespace": PathParameter("name of a namespace", _pattern(NAME_PATTERN)),
    "graph_name": PathParameter("name of a graph", _pattern(NAME_PATTERN)),
    "node_name": PathParameter("name of a node", _pattern(NAME_PATTERN)),
    "run_id": PathParameter("id of a run, as its trigger answered it", _ID_FORM),
    "state_id": PathParameter("id of a state", _ID_FORM),
    "key_id": PathParameter("id of an API key", {"minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9]+$"}),
    "runtime_id": PathParameter("id of a runtime, as it registered", {"minLength": 1, "maxLength": LONGEST_INSTANCE}),
    "bulk_id": PathParameter("id of a retry of many runs", _ID_FORM),
    "key": PathParameter("key of a value", _pattern(IDENTIFIER_PATTERN)),
    "version": PathParameter("number of a version, counted from 1", {"minimum": 1, "maximum": 2**31}),
    "index": PathParameter("which of a graph's triggers, counted from 0", {"minimum": 0, "maximum": 10_000}),
    "page": PathParameter("which page, counted from 1", {"minimum": 1, "maximum": LAST_PAGE}),
    "size": PathParameter("how many a page has", {"minimum": 1, "maximum": LARGEST_SIZE}),
}


__all__ = ["PATH_PARAMETERS", "PathParameter"]
