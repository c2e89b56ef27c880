"""compose.yaml: its form, its secrets, and that it names only what exists."""

import json
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click import Context
from jsonschema import Draft202012Validator

from exosphere_cli.main import cli
from exosphere_core.access import KEY_VARIABLE, URI_VARIABLE, read_access
from exosphere_orchestrator.settings import Settings, load_settings
from exosphere_orchestrator.vault import Vault
from exosphere_worker import link

HERE = Path(__file__).parent
DEPLOY = HERE.parents[1] / "deploy"
OURS = ("state-manager", "state-manager-2", "background", "worker")
STATE_MANAGER_PARTS = ("state-manager", "state-manager-2", "background")

_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?:(?P<sign>:[?-])(?P<rest>[^}]*))?\}")


def substituted(value: str, environment: dict[str, str]) -> str:
    """Put variables in as Compose does: `${NAME:?message}` refuses, `${NAME:-default}` falls back."""

    def found(match: re.Match[str]) -> str:
        given = environment.get(match["name"], "")
        assert given or match["sign"] == ":-", f"{match['name']} is missing: {match['rest']}"
        return given or match["rest"]

    return _VARIABLE.sub(found, value).replace("$$", "$")


@pytest.fixture
def made_secrets(tmp_path: Path) -> dict[str, str]:
    """What make-secrets.sh makes."""
    shutil.copy(DEPLOY / "make-secrets.sh", tmp_path)
    subprocess.run([tmp_path / "make-secrets.sh"], check=True, capture_output=True)
    lines = (tmp_path / ".env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def environment_of(service: dict[str, Any], given: dict[str, str]) -> dict[str, str]:
    return {name: substituted(value, given) for name, value in service["environment"].items()}


def test_the_file_follows_the_compose_specification(compose: dict[str, Any]) -> None:
    schema = json.loads((HERE / "compose-spec.json").read_text())
    errors = [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(compose)]
    assert errors == []


def test_the_schema_refuses_what_compose_would_refuse(compose: dict[str, Any]) -> None:
    schema = json.loads((HERE / "compose-spec.json").read_text())
    broken = {**compose, "services": {"redis": {"imagee": "redis:7.2"}}}
    assert not Draft202012Validator(schema).is_valid(broken)


def test_all_parts_are_there_and_start_commands_that_exist(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == {"redis", *OURS}
    for name in OURS:
        assert compose["services"][name]["command"][0] in cli.list_commands(Context(cli))


@pytest.mark.parametrize("name", STATE_MANAGER_PARTS)
def test_a_part_of_the_state_manager_gets_settings_that_it_accepts(
    name: str, compose: dict[str, Any], made_secrets: dict[str, str]
) -> None:
    environment = environment_of(compose["services"][name], made_secrets)
    assert set(environment) <= {field.title for field in Settings.model_fields.values()}
    settings = load_settings(environment)
    password = made_secrets["REDIS_PASSWORD"]
    assert settings.redis_url.get_secret_value() == f"redis://:{password}@redis:6379/0"
    assert settings.api_key.get_secret_value() == made_secrets["STATE_MANAGER_SECRET"]
    vault = Vault(settings.encryption_key.get_secret_value())
    assert vault.decrypt(vault.encrypt("x", "here"), "here") == "x"


def test_a_worker_gets_the_address_of_the_state_manager_and_its_key(
    compose: dict[str, Any], made_secrets: dict[str, str]
) -> None:
    environment = environment_of(compose["services"]["worker"], made_secrets)
    assert {URI_VARIABLE, KEY_VARIABLE} <= set(environment)
    access = read_access(None, None, environment)
    server = environment_of(compose["services"]["state-manager"], made_secrets)
    assert access.uri == f"http://state-managers:{server['EXOSPHERE_PORT']}"
    for name in ("state-manager", "state-manager-2"):
        assert compose["services"][name]["networks"]["default"]["aliases"] == ["state-managers"]
    assert access.key == server["STATE_MANAGER_SECRET"]


def test_a_worker_holds_no_secret_of_the_state_manager(compose: dict[str, Any]) -> None:
    text = json.dumps(compose["services"]["worker"])
    assert "SECRETS_ENCRYPTION_KEY" not in text
    assert "REDIS_PASSWORD" not in text


@pytest.mark.parametrize("variable", ["REDIS_PASSWORD", "STATE_MANAGER_SECRET", "SECRETS_ENCRYPTION_KEY"])
def test_a_secret_is_required_from_outside_with_a_message_that_says_how(variable: str, compose: dict[str, Any]) -> None:
    uses = [match for match in _VARIABLE.finditer(json.dumps(compose["services"])) if match["name"] == variable]
    assert uses
    assert {(match["sign"], match["rest"]) for match in uses} == {(":?", "make it with make-secrets.sh")}


def test_secrets_are_fresh_and_readable_by_their_owner_alone(tmp_path: Path) -> None:
    shutil.copy(DEPLOY / "make-secrets.sh", tmp_path)
    made = []
    for _ in range(2):
        subprocess.run([tmp_path / "make-secrets.sh"], check=True, capture_output=True)
        assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
        made.append((tmp_path / ".env").read_text())
        (tmp_path / ".env").unlink()
    assert made[0] != made[1]


def test_secrets_that_exist_are_never_replaced(tmp_path: Path) -> None:
    shutil.copy(DEPLOY / "make-secrets.sh", tmp_path)
    (tmp_path / ".env").write_text("REDIS_PASSWORD=precious\n")
    done = subprocess.run([tmp_path / "make-secrets.sh"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "exists already" in done.stderr
    assert (tmp_path / ".env").read_text() == "REDIS_PASSWORD=precious\n"


def test_every_part_comes_back_by_itself_and_runs_without_privileges(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert service["restart"] == "unless-stopped"
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["read_only"] is True
    assert compose["services"]["redis"]["user"] == "redis"


def test_what_others_wait_for_has_a_health_check(compose: dict[str, Any]) -> None:
    services = compose["services"]
    waited_for = {
        name
        for service in services.values()
        for name, how in service.get("depends_on", {}).items()
        if how["condition"] == "service_healthy"
    }
    assert waited_for == {"redis", "state-manager"}
    assert all("healthcheck" in services[name] for name in waited_for)


def test_every_part_that_listens_has_a_health_check(compose: dict[str, Any]) -> None:
    assert [name for name, service in compose["services"].items() if "healthcheck" not in service] == []


def test_a_part_is_killed_only_after_it_had_time_for_its_grace_and_to_give_back_the_rest(
    compose: dict[str, Any], made_secrets: dict[str, str]
) -> None:
    worker = compose["services"]["worker"]
    grace_ms = int(environment_of(worker, made_secrets)["EXOSPHERE_SHUTDOWN_GRACE_MS"])
    for name in OURS:
        period_s = int(compose["services"][name]["stop_grace_period"].removesuffix("s"))
        # Breaking off and the last reports have that long each.
        assert period_s >= grace_ms / 1000 + 2 * link._LAST_REPORTS_S + 5


def test_images_are_named_with_a_version(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        tag = service["image"].partition(":")[2]
        assert tag
        assert tag != "latest"


def test_every_file_that_is_mounted_or_built_from_exists(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert source in compose["volumes"] or (DEPLOY / source).exists(), source
        if "build" in service:
            context = DEPLOY / service["build"]["context"]
            assert (context / service["build"]["dockerfile"]).is_file()
    assert os.access(DEPLOY / "redis-start.sh", os.X_OK)


def test_the_api_is_reached_from_this_machine_alone(compose: dict[str, Any]) -> None:
    assert compose["services"]["state-manager"]["ports"] == ["127.0.0.1:${PORT:-8000}:8000"]
    assert compose["services"]["state-manager-2"]["ports"] == ["127.0.0.1:${PORT_2:-8001}:8000"]
    assert "ports" not in compose["services"]["redis"]
