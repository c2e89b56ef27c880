"""The settings in force are told, and no secret is."""

import json
from typing import Any

import pytest

from api.service import KEY, Service, settings
from exosphere_core import api
from exosphere_orchestrator.http.settings_in_force import told, without_password
from exosphere_orchestrator.settings import Settings

CANARY = "canary-5be1c0"


def by_name(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {setting["name"]: setting for setting in answer["settings"]}


def test_each_setting_is_told_with_its_value_default_and_meaning(service: Service) -> None:
    answer = service.call(api.LIST_SETTINGS).json()
    assert [setting["name"] for setting in answer["settings"]] == [
        field.title for field in Settings.model_fields.values()
    ]
    found = by_name(answer)
    assert found["EXOSPHERE_LEASE_MS"] == {
        "name": "EXOSPHERE_LEASE_MS", "value": "30000", "default": "30000", "secret": False,
        "description": Settings.model_fields["lease_ms"].description,
    }  # fmt: skip
    assert found["EXOSPHERE_TRIGGER_FSYNC"]["value"] == "false"
    assert found["EXOSPHERE_MAX_MEMORY_BYTES"]["value"] is None
    assert (found["EXOSPHERE_CORS_ORIGINS"]["value"], found["EXOSPHERE_CORS_ORIGINS"]["default"]) == ("", "")
    assert found["EXOSPHERE_REDIS_URL"]["value"] == service.redis_url
    assert (found["EXOSPHERE_REDIS_URL"]["default"], found["EXOSPHERE_REDIS_URL"]["secret"]) == (None, False)


def test_a_secret_is_told_to_be_set_and_not_what_it_is(service: Service) -> None:
    answer = service.call(api.LIST_SETTINGS)
    for name in ("STATE_MANAGER_SECRET", "SECRETS_ENCRYPTION_KEY"):
        setting = by_name(answer.json())[name]
        assert (setting["value"], setting["default"], setting["secret"]) == ("(set)", None, True)
    assert KEY not in answer.text
    assert service.settings.encryption_key.get_secret_value() not in answer.text


def test_whatever_is_secret_among_the_settings_stays_so() -> None:
    secret = {
        name: f"redis://user:{CANARY}@host:6379/0?password={CANARY}" if name.endswith("url") else CANARY
        for name, field in Settings.model_fields.items()
        if "SecretStr" in str(field.annotation)
    }
    assert {"api_key", "encryption_key", "redis_url", "worker_redis_url"} <= secret.keys()
    listed = [setting.model_dump() for setting in told(settings(**secret))]
    assert CANARY not in json.dumps(listed)
    assert [setting["name"] for setting in listed if setting["secret"]] == [
        "STATE_MANAGER_SECRET", "SECRETS_ENCRYPTION_KEY",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://localhost:6379/0", "redis://localhost:6379/0"),
        (f"redis://:{CANARY}@localhost", "redis://:***@localhost"),
        (f"rediss://exo:{CANARY}@host:6380/2?ssl_cert_reqs=none", "rediss://exo:***@host:6380/2?ssl_cert_reqs=none"),
        (f"redis://{CANARY}@host", "redis://***@host"),
        (f"redis+sentinel://u:{CANARY}@a:1,b:2/mymaster/0", "redis+sentinel://u:***@a:1,b:2/mymaster/0"),
        (
            f"redis+sentinel://a:1/m?sentinel_password={CANARY}&db=1",
            "redis+sentinel://a:1/m?sentinel_password=***&db=1",
        ),
        (f"unix:///run/redis.sock?pass%77ord={CANARY}", "unix:///run/redis.sock?pass%77ord=***"),
        (f"redis://:a/b{CANARY}@host", "redis://:***@host"),
        (f"redis://:a?b={CANARY}@host", "redis://***"),
        (f"redis://host?password=a@{CANARY}", "redis://***"),
        (f"redis://host#{CANARY}", "redis://***"),
        (CANARY, "***"),
    ],
)
def test_the_password_of_an_address_is_masked_however_it_is_written(url: str, shown: str) -> None:
    assert without_password(url) == shown
