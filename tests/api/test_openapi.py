"""The description of the API that is committed and served."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from api.service import Service
from exosphere_core import api
from exosphere_orchestrator.http.openapi import openapi_text

PAGE = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"
DESCRIPTION: dict[str, Any] = json.loads(PAGE.read_text())

every_row = pytest.mark.parametrize("row", api.ROWS, ids=[row.name for row in api.ROWS])


def test_the_committed_description_is_that_of_the_code() -> None:
    command = "python -m exosphere_orchestrator.http.openapi > docs/openapi.json"
    assert PAGE.read_text() == openapi_text(), f"write it anew: {command}"


def test_the_command_that_writes_it_gives_the_same_each_time() -> None:
    command = [sys.executable, "-m", "exosphere_orchestrator.http.openapi"]
    written = subprocess.run(command, capture_output=True, check=True, timeout=60, env={"PYTHONHASHSEED": "7"})
    assert written.stdout.decode() == openapi_text()
    assert written.stderr == b""


def test_the_description_that_is_served_is_the_committed_one(service: Service) -> None:
    assert service.http.get("/openapi.json").json() == DESCRIPTION


def test_every_call_that_is_described_is_a_row_and_the_other_way_round() -> None:
    described = {(method.upper(), path) for path, methods in DESCRIPTION["paths"].items() for method in methods}
    assert described == {(row.method, row.path) for row in api.ROWS}


@every_row
def test_an_operation_has_summary_id_typed_bodies_and_its_error_answers(row: api.Row) -> None:
    operation = DESCRIPTION["paths"][row.path][row.method.lower()]
    assert operation["summary"] == row.summary
    assert operation["operationId"] == row.name
    assert ("requestBody" in operation) == (row.request is not None)
    answers = operation["responses"]
    expected = {str(row.status), *map(str, row.errors)} | ({"401", "403", "429", "503"} if row.keyed else set())
    expected |= {"204"} if row.nothing else set()
    assert expected <= answers.keys() <= expected | {"408", "413", "422"}
    for status, answer in answers.items():
        if status == "204":
            assert "content" not in answer
            continue
        if row.streams and status == str(row.status):
            schema = answer["content"]["text/event-stream"]["schema"]
            fields = ["id"] * ("id" in row.response.model_fields) + ["event", "data"]
            assert (answer["content"].keys(), schema["required"]) == ({"text/event-stream"}, fields)
            assert "$ref" not in json.dumps(schema)
            data = schema["properties"]["data"]
            assert (data["contentMediaType"], data["contentSchema"]["title"]) == (
                "application/json",
                row.response.__name__,
            )
            assert data["contentSchema"]["properties"].keys() == row.response.model_fields.keys()
            continue
        name = row.response.__name__ if status == str(row.status) else "ErrorBody"
        assert answer["content"]["application/json"]["schema"] == {"$ref": f"#/components/schemas/{name}"}
    assert operation.get("security", []) == ([{"apiKey": []}] if row.keyed else [])


@every_row
def test_every_parameter_of_an_operation_is_described(row: api.Row) -> None:
    parameters = DESCRIPTION["paths"][row.path][row.method.lower()].get("parameters", [])
    assert {item["name"]: item["description"] for item in parameters if item["in"] == "path"} == {
        name: api.PATH_PARAMETERS[name].meaning for name in re.findall(r"\{(\w+)\}", row.path)
    }
    assert {item["name"]: item["description"] for item in parameters if item["in"] == "query"} == row.query
    assert {item["name"]: item["description"] for item in parameters if item["in"] == "header"} == row.headers


def test_the_key_is_described_by_its_header() -> None:
    assert DESCRIPTION["components"]["securitySchemes"] == {
        "apiKey": {"type": "apiKey", "in": "header", "name": api.API_KEY_HEADER}
    }


def test_every_schema_is_one_and_refers_only_to_what_is_there() -> None:
    schemas = DESCRIPTION["components"]["schemas"]
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    assert set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(DESCRIPTION))) <= schemas.keys()
