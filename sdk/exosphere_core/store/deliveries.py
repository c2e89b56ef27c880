"""Reading the entries of ready streams and new states among reports. Pure: nothing in an entry is trusted."""

from collections.abc import Mapping
from typing import NamedTuple

from exosphere_core.ids import shard_of
from exosphere_core.names import name_error
from exosphere_core.records import ReadyField, Task, decode_task

_STATE, _ATTEMPT, _TASK, _INPUTS = (name.value.encode() for name in ReadyField)

#: How many letters a state's id has.
_STATE_ID = 32


class Delivery(NamedTuple):
    """What an entry of a ready stream says."""

    state: str
    attempt: str
    task: Task
    inputs: bytes


def read_delivery(fields: Mapping[bytes, bytes]) -> Delivery:
    """Read the fields of an entry of a ready stream.

    Raises:
        ValueError: it is none of ours; the text says why.
    """
    try:
        found = Delivery(
            fields[_STATE].decode(), fields[_ATTEMPT].decode(), decode_task(fields[_TASK]), fields[_INPUTS]
        )
    except KeyError as missing:
        raise ValueError(f"field {missing.args[0].decode()} is missing") from None
    except UnicodeDecodeError:
        raise ValueError("a field is not UTF-8") from None
    except (ValueError, RecursionError) as bad:
        raise ValueError(f"its task can't be read: {bad}") from None
    if len(found.state) != _STATE_ID or shard_of(found.state) is None or shard_of(found.task.run) is None:
        raise ValueError("state or run is no id")
    if not found.attempt.isdecimal():
        raise ValueError("attempt is no number")
    if error := name_error("home", found.task.home) or name_error("namespace", found.task.namespace):
        raise ValueError(error)
    return found
