"""`exosphere key`, against a state manager that answers what the test says."""

from typing import Any

import pytest

from exosphere_core.api import CreateKeyResponse, KeyBody, KeysResponse
from exosphere_core.roles import Role

TIME = "2026-01-02T03:04:05.678Z"


def key(key_id: str, **fields: Any) -> dict[str, Any]:
    known = {
        "id": key_id, "name": "", "namespace": "default", "role": Role.VIEWER, "status": "active", "created_at": TIME,
        "created_by": "root", "expires_at": None, "last_used_at": None, "revoked_at": None, **fields,
    }  # fmt: skip
    return KeyBody.model_validate(known).model_dump(mode="json")


def made(**fields: Any) -> dict[str, Any]:
    return CreateKeyResponse(**key("0a", **fields), key="exo_0a_1b").model_dump(mode="json")


def test_a_new_key_stands_alone_on_the_output_and_what_it_is_beside_it(exosphere: Any, state_manager: Any) -> None:
    state_manager.answer("POST /v0/namespace/default/keys/", made(role=Role.RUNTIME, expires_at=TIME), status=201)
    code, output, notes = exosphere("key", "create", "--role", "runtime", "--name", "box", "--expires-in", "12h")
    assert (code, output) == (0, "exo_0a_1b\n")
    assert notes == "key 0a: runtime for namespace 'default', until 2026-01-02T03:04:05Z; it is not shown again\n"
    assert state_manager.asked[0][3] == {"role": "runtime", "name": "box", "expires_in_ms": 12 * 3_600_000}


def test_a_key_for_all_namespaces_is_asked_for_by_a_flag(exosphere: Any, state_manager: Any) -> None:
    state_manager.answer("POST /v0/keys/", made(namespace="*", role=Role.ADMIN), status=201)
    code, output, notes = exosphere("key", "create", "--role", "admin", "--all-namespaces")
    assert (code, output) == (0, "exo_0a_1b\n")
    assert "admin for all namespaces, until it is revoked" in notes


def test_keys_are_listed_as_a_table(exosphere: Any, state_manager: Any) -> None:
    keys = [key("0a", name="box", expires_at=TIME), key("0b", status="revoked", created_by="0a", last_used_at=TIME)]
    page = KeysResponse.model_validate({"namespace": "default", "count": 2, "keys": keys})
    state_manager.answer("GET /v0/namespace/default/keys/", page.model_dump(mode="json"))
    code, output, _ = exosphere("key", "list")
    assert code == 0
    moment = "2026-01-02T03:04:05Z"
    _, first, second = output.splitlines()
    assert first.split() == ["0a", "box", "viewer", "active", moment, "root", moment, "never"]
    assert second.split() == ["0b", "-", "viewer", "revoked", moment, "0a", "never", moment]


def test_no_keys_are_said_in_one_line(exosphere: Any, state_manager: Any) -> None:
    state_manager.answer("GET /v0/keys/", {"namespace": "*", "count": 0, "keys": []})
    assert exosphere("key", "list", "--all-namespaces") == (0, "", "no API keys for all namespaces\n")


def test_a_key_is_revoked_by_its_id(exosphere: Any, state_manager: Any) -> None:
    state_manager.answer("DELETE /v0/namespace/default/key/0a", key("0a", status="revoked", revoked_at=TIME))
    assert exosphere("key", "revoke", "0a") == (0, "", "key 0a is revoked\n")


def test_a_key_that_is_not_allowed_to_is_told_what_is_missing(exosphere: Any, state_manager: Any) -> None:
    detail = "this API key has the role viewer; list_keys needs admin"
    state_manager.answer("GET /v0/namespace/default/keys/", {"detail": detail}, status=403)
    assert exosphere("key", "list") == (1, "", f"error: {detail}\n")


@pytest.mark.parametrize("time", ["30", "0d", "1w", "-1d", "1.5h", "d"])
def test_a_time_that_is_none_is_refused_with_how_to_write_it(exosphere: Any, time: str) -> None:
    code, _, notes = exosphere("key", "create", "--role", "viewer", f"--expires-in={time}")
    assert code == 2
    assert "write it as 90s, 15m, 12h or 30d" in notes
