"""Reading what a trigger asks for, over HTTP or not: in one go, as all of it is well formed nearly always; else by the model of
the API, which tells best what is wrong.
"""

from typing import Annotated, Final, TypeVar

import msgspec
from pydantic import BaseModel, ValidationError

from exosphere_core import api
from exosphere_core.errors import BadRequest
from exosphere_orchestrator.json_text import read_json
from exosphere_orchestrator.many_runs import AskedRun


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    runs: Annotated[list[AskedRun], msgspec.Meta(min_length=1, max_length=api.MOST_RUNS)]


_decode_run: Final = msgspec.json.Decoder(AskedRun).decode
_decode_runs: Final = msgspec.json.Decoder(_Body).decode

_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError)

Model = TypeVar("Model", bound=BaseModel)


def quickly_read_run(body: bytes) -> AskedRun | None:
    """Return what a body asks for; None when only the model of the API can tell, or what is wrong with it."""
    try:
        run = _decode_run(body)
    except _UNREADABLE:
        return None
    return None if any(name != name.strip() for name in run.store) else run


def quickly_read_runs(body: bytes) -> list[AskedRun] | None:
    """The same for many runs."""
    try:
        return _decode_runs(body).runs
    except _UNREADABLE:
        return None


def read_run(body: bytes, most_deep: int) -> AskedRun:
    """Return what a body asks for.

    Args:
        most_deep: how deep its lists and objects may be nested.

    Raises:
        BadRequest: it is wrong, and so worded as the state manager answers it.
    """
    return quickly_read_run(body) or asked_by(_read_slowly(body, most_deep, api.TriggerRequest))


def read_runs(body: bytes, most_deep: int) -> list[AskedRun]:
    """The same for many runs; of several faults the first is told."""
    if (runs := quickly_read_runs(body)) is not None:
        return runs
    return [asked_by(run) for run in _read_slowly(body, most_deep, api.TriggerManyRequest, 1).runs]


def asked_by(run: api.TriggerRequest) -> AskedRun:
    """Return what the model of the API has read."""
    return AskedRun(run.inputs, run.store, run.start_delay)


def _read_slowly(body: bytes, most_deep: int, model: type[Model], most_faults: int | None = None) -> Model:
    try:
        return model.model_validate(read_json(body, most_deep))
    except ValidationError as wrong:
        faults = wrong.errors()[:most_faults]
        told = (f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults)
        raise BadRequest("; ".join(told)) from None
    except ValueError as bad:
        raise BadRequest(f"the body is not JSON: {bad}") from None
