"""The Dockerfile: where its files come from, who runs it, what it starts."""

import json
import re
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

import pytest
from click import Context

from exosphere_cli.main import cli

ROOT = Path(__file__).parents[2]


class Step(NamedTuple):
    """One instruction of a Dockerfile."""

    instruction: str
    rest: str


def steps() -> list[Step]:
    text = (ROOT / "deploy" / "Dockerfile").read_text()
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    return [Step(*line.split(maxsplit=1)) for line in text.splitlines() if line.strip()]


def last_stage() -> list[Step]:
    all_steps = steps()
    start = max(index for index, step in enumerate(all_steps) if step.instruction == "FROM")
    return all_steps[start:]


def passes_dockerignore(path: str) -> bool:
    """Whether a file reaches the builder: the last pattern that matches it or a folder above it decides."""
    parts = path.split("/")
    prefixes = ["/".join(parts[: count + 1]) for count in range(len(parts))]
    passes = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if line and not line.startswith("#"):
            pattern = line.removeprefix("!")
            # After "**/", what a file or folder is called, wherever it is.
            matched = parts if pattern.startswith("**/") else prefixes
            if any(fnmatch(one, pattern.removeprefix("**/")) for one in matched):
                passes = line.startswith("!")
    return passes


def copied_sources() -> list[str]:
    return [
        source
        for step in steps()
        if step.instruction == "COPY" and not step.rest.startswith("--from")
        for source in step.rest.split()[:-1]
    ]


@pytest.mark.parametrize("source", copied_sources())
def test_what_is_copied_exists_and_reaches_the_builder(source: str) -> None:
    path = ROOT / source
    files = (
        [path] if path.is_file() else [one for one in path.rglob("*") if one.suffix in (".py", ".ts", ".tsx", ".css")]
    )
    assert files
    for file in files:
        # Neither what npm brought nor what was built here: the builder makes both.
        if "node_modules" in file.parts or "exosphere_orchestrator/dashboard/" in str(file):
            continue
        assert passes_dockerignore(str(file.relative_to(ROOT))), file


@pytest.mark.parametrize(
    "kept_out",
    [
        ".git/config",
        ".venv/bin/python",
        "deploy/.env",
        "tests/conftest.py",
        ".exosphere/key",
        "orchestrator/dashboard/node_modules/x/index.js",
    ],
)
def test_what_is_no_source_does_not_reach_the_builder(kept_out: str) -> None:
    assert not passes_dockerignore(kept_out)


def test_every_base_image_has_a_version() -> None:
    tags = dict(step.rest.split("=") for step in steps() if step.instruction == "ARG")
    assert re.match(r"3\.1[123]-slim", tags["PYTHON"])
    assert re.match(r"2[2468]-\w+-slim", tags["NODE"])
    for step in steps():
        if step.instruction == "FROM":
            assert step.rest.split()[0] in ("python:${PYTHON}", "node:${NODE}")


def test_it_runs_as_a_user_with_a_number_that_is_not_root() -> None:
    users = [step.rest for step in last_stage() if step.instruction == "USER"]
    assert len(users) == 1
    assert int(users[0].split(":")[0]) >= 1000


def test_it_starts_commands_of_exosphere_as_the_first_process() -> None:
    stage = {step.instruction: step.rest for step in last_stage()}
    assert stage["ENTRYPOINT"] == '["exosphere"]'
    assert stage["CMD"] == '["server"]'
    assert {"server", "background", "worker"} <= set(cli.list_commands(Context(cli)))


def test_the_image_leaves_the_health_check_to_the_part_and_holds_no_secret() -> None:
    assert [step.rest for step in last_stage() if step.instruction == "HEALTHCHECK"] == ["NONE"]
    for step in steps():
        if step.instruction in ("ARG", "ENV"):
            assert not re.search(r"SECRET|PASSWORD|TOKEN|_KEY|REDIS_URL", step.rest), step.rest


def test_what_a_linter_of_dockerfiles_would_tell_is_not_there() -> None:
    for step in steps():
        assert step.instruction in ("ARG", "FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD")  # fmt: skip
        if step.instruction == "RUN":
            assert not re.search(r"\bsudo\b|\bapt(-get)? |\bcurl\b|\bwget\b|\|", step.rest), step.rest
            assert not re.search(r"\bpip .*(install|wheel)", step.rest) or "--no-cache-dir" in step.rest, step.rest
            assert "npm install" not in step.rest
        if step.instruction == "WORKDIR":
            assert step.rest.startswith("/")
        if step.instruction in ("ENTRYPOINT", "CMD"):
            assert isinstance(json.loads(step.rest), list)
        if step.instruction == "COPY" and len(step.rest.split()) > 3:
            assert step.rest.endswith("/")
    names = [step.rest.split()[2] for step in steps() if step.instruction == "FROM" and " AS " in step.rest]
    used = re.findall(r"--from=(\S+)", " ".join(step.rest for step in steps()))
    assert set(used) == set(names)


def test_everything_from_a_registry_is_checked_by_its_hash() -> None:
    for step in steps():
        if step.instruction == "RUN" and "pip" in step.rest and "install" in step.rest:
            assert "--require-hashes -r " in step.rest or "--no-index" in step.rest, step.rest


def test_nothing_is_installed_into_the_last_stage() -> None:
    assert not [step for step in last_stage() if step.instruction == "RUN" and "useradd" not in step.rest]
