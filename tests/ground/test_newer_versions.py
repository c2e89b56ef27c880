"""Fields that a newer version added are passed over by this one, in every record and body that is JSON."""

from typing import Any

import msgspec
import pytest

from exosphere_core.api import NodeBody, RegisterNodesRequest
from exosphere_core.records import BODIES, Rerun, Task, UnitePlan
from exosphere_core.store.catalog import NodeRecord
from exosphere_core.store.schedules import Claim, Firing

NEWER = {"added_later": {"deep": [1, {"x": None}]}, "also": "x" * 1000}

RECORDS: dict[type, dict[str, Any]] = {
    Task: {
        "run": "r", "home": "ns", "graph": "g", "version": 1, "identifier": "a", "node": "A", "namespace": "ns",
    },
    UnitePlan: {
        "run": "r", "home": "ns", "graph": "g", "version": 1, "identifier": "u", "anchor": "s", "parents": {},
        "branch": "",
    },
    Rerun: {"of": "r", "identifier": "a"},
    BODIES["executed"]: {"outputs": [{"v": "1"}]},
    BODIES["failed"]: {"error": "boom"},
    BODIES["pruned"]: {"data": {}},
    BODIES["requeued"]: {"delay_ms": 5},
    NodeRecord: {
        "name": "A", "runtime_name": "rt", "inputs_schema": {}, "outputs_schema": {}, "secrets": [],
        "created_at": 1, "updated_at": 1,
    },
    Firing: {"index": 0, "fired_at": 1},
    Claim: {"graph": "g", "index": 0, "runs": [{"due_at": 1, "run_id": "r", **NEWER}]},
}  # fmt: skip


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_a_record_of_a_newer_version_is_read_as_far_as_it_is_known(record: type) -> None:
    known = msgspec.json.encode(RECORDS[record])
    newer = msgspec.json.encode({**RECORDS[record], **NEWER})
    assert msgspec.json.decode(newer, type=record) == msgspec.json.decode(known, type=record)


def test_a_registration_of_a_newer_runtime_is_read_as_far_as_it_is_known() -> None:
    node = {"name": "A", "inputs_schema": {}, "outputs_schema": {}}
    newer = {"runtime_name": "rt", "nodes": [{**node, **NEWER}], **NEWER}
    assert RegisterNodesRequest.model_validate(newer).nodes == [NodeBody.model_validate(node)]
