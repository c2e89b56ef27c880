"""Commands in this process against a real state manager, whose runtimes the test plays by hand."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml
from redis import Redis

from api.service import KEY, Service, Space
from exosphere_cli.main import main

_numbers = count(1)


class Shell:
    """The command line as a user of one namespace has it."""

    def __init__(
        self, space: Space, folder: Path, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]
    ) -> None:
        self.space = space
        self.folder = folder
        self._patch = patch
        self._capture = capture

    def __call__(self, *arguments: str, **environment: str) -> tuple[int, str, str]:
        """Run a command; returns exit code, output and errors."""
        uri = str(self.space.service.http.base_url)
        settings = {
            "EXOSPHERE_STATE_MANAGER_URI": uri, "EXOSPHERE_API_KEY": KEY, "EXOSPHERE_NAMESPACE": self.space.name,
            "EXOSPHERE_CONFIG_DIR": str(self.folder / "config"), **environment,
        }  # fmt: skip
        with self._patch.context() as patch:
            for name, value in settings.items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", ["exosphere", *arguments])
            with pytest.raises(SystemExit) as ended:
                main()
        output, errors = self._capture.readouterr()
        assert "Traceback" not in output + errors
        return int(ended.value.code or 0), output, errors

    def ok(self, *arguments: str) -> str:
        """Run a command that must succeed; returns its output."""
        code, output, errors = self(*arguments)
        assert code == 0, errors
        return output

    def data(self, *arguments: str) -> Any:
        """Run a command that must succeed, as JSON and as YAML, which must say the same; returns it."""
        as_json = json.loads(self.ok(*arguments, "-o", "json"))
        assert yaml.safe_load(self.ok(*arguments, "-o", "yaml")) == as_json
        return as_json

    def rows(self, *arguments: str) -> list[list[str]]:
        """Run a command that must print a table; returns its cells without the head."""
        return [line.split() for line in self.ok(*arguments).splitlines()[1:]]

    def file(self, name: str, content: Any) -> str:
        """Write a file of JSON or text; returns its path."""
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)


@contextmanager
def running_service(redis_url: str) -> Iterator[Service]:
    """A state manager on an empty Redis."""
    with Redis.from_url(redis_url) as redis:
        redis.flushall()
    with Service(redis_url) as service:
        yield service


def shell_of(service: Service, folder: Path, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]) -> Shell:
    """The shell of a namespace of its own."""
    patch.chdir(folder)
    return Shell(Space(service, f"cli-{next(_numbers)}"), folder, patch, capture)
