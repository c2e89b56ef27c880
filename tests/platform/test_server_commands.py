"""`exosphere server` and `exosphere background`: what is missing is one line."""

import importlib.util
import socket
import tomllib
from pathlib import Path
from typing import Any

import pytest

from exosphere_cli import extras
from exosphere_cli.extras import require_server_extra
from exosphere_cli.keys import ensure_keys
from exosphere_core.errors import ConfigurationError
from exosphere_orchestrator.embedded import EmbeddedRedis

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


@pytest.mark.parametrize("command", ["server", "background"])
def test_missing_settings_are_named_all_at_once(command: str, start_exosphere: Any, tmp_path: Path) -> None:
    process = start_exosphere(command, cwd=tmp_path)
    output, errors = process.communicate(timeout=60)
    assert errors.startswith("error: EXOSPHERE_REDIS_URL is not set")
    assert "STATE_MANAGER_SECRET is not set" in errors
    assert errors.count("\n") == 1
    assert (output, process.returncode) == ("", 1)


def test_a_port_in_use_is_one_line(start_exosphere: Any, tmp_path: Path) -> None:
    keys = ensure_keys(tmp_path / "keys", {})
    with EmbeddedRedis(tmp_path) as redis, socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        process = start_exosphere(
            "server",
            "--port",
            port,
            cwd=tmp_path,
            environment={
                "EXOSPHERE_REDIS_URL": redis.url,
                "STATE_MANAGER_SECRET": keys.api_key,
                "SECRETS_ENCRYPTION_KEY": keys.encryption_key,
            },
        )
        _, errors = process.communicate(timeout=60)
    assert f"error: can't listen on 127.0.0.1:{port}: " in errors
    assert "Traceback" not in errors
    assert process.returncode == 1


@pytest.mark.parametrize(("command", "extra"), [("server", "server"), ("background", "server"), ("dev", "dev")])
def test_without_the_servers_packages_the_extra_is_named(
    command: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in ("arq", "fastapi") else object())
    with pytest.raises(
        ConfigurationError, match=rf"'exosphere {command}' needs arq, fastapi, .*'exosphere-redis\[{extra}\]'"
    ):
        require_server_extra(command)


def test_the_packages_looked_for_come_with_the_extra() -> None:
    required = tomllib.loads(PROJECT.read_text())["project"]["optional-dependencies"]["server"]
    names = {requirement.partition(">")[0] for requirement in required}
    assert names >= set(extras._SERVER_MODULES)
