"""The floors of the packages: an import only goes down, and each library has one home."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = [
    path
    for package in (
        "sdk/exosphere_core",
        "sdk/exospherehost",
        "sdk/exosphere_cli",
        "sdk/exosphere_otel",
        "sdk/exosphere_pytest",
        "worker/exosphere_worker",
        "orchestrator/exosphere_orchestrator",
    )
    for path in sorted((ROOT / package).rglob("*.py"))
]

#: package → the packages of this project that it may import beside itself.
BELOW = {
    "exosphere_core": set[str](),
    "exosphere_worker": {"exosphere_core"},
    "exosphere_orchestrator": {"exosphere_core"},
    "exospherehost": {"exosphere_core", "exosphere_worker", "exosphere_orchestrator"},
    "exosphere_cli": {"exosphere_core", "exosphere_worker", "exosphere_orchestrator"},
    "exosphere_otel": {"exosphere_core"},
    "exosphere_pytest": {"exospherehost"},
}

#: library → the modules, with all below them, that may import it.
HOMES = {
    "redis": ["exosphere_core.store"],
    "aiohttp": ["exosphere_core.client"],
    "yarl": ["exosphere_core.client"],
    "arq": ["exosphere_orchestrator.background"],
    "croniter": ["exosphere_orchestrator"],
    "cryptography": ["exosphere_orchestrator"],
    "fastapi": ["exosphere_orchestrator"],
    "starlette": ["exosphere_orchestrator"],
    "uvicorn": ["exosphere_orchestrator"],
    "click": ["exosphere_cli"],
    "rich": ["exosphere_cli"],
    "opentelemetry": ["exosphere_otel"],
    "fakeredis": ["exospherehost.testing"],
    "_pytest": ["exospherehost.testing.crash"],
    "pytest": ["exosphere_pytest", "exospherehost.testing.crash"],
}

#: What does I/O, reads a clock or draws random numbers.
IMPURE = {
    "asyncio", "datetime", "io", "logging", "os", "pathlib", "random", "secrets", "selectors", "shutil", "signal",
    "socket", "ssl", "subprocess", "tempfile", "threading", "time",
}  # fmt: skip

#: The modules of `exosphere_core` that exist for I/O; all others are the ground.
NOT_GROUND = (
    "exosphere_core.store",  # Redis
    "exosphere_core.client",  # HTTP
    "exosphere_core.backoff",  # pauses between two tries
    "exosphere_core.ending",  # tasks that end
    "exosphere_core.many_triggers",  # several calls at once
    "exosphere_core.run_lines",  # calls, and streams over lost connections
    "exosphere_core.access",  # the environment
    "exosphere_core.health",  # an HTTP server
    "exosphere_core.logs",  # standard error
    "exosphere_core.lifeline",  # pipes and signals between processes
    "exosphere_core.graph_file",  # files
)


class Import(NamedTuple):
    """One import: which module it is in, what it names, where, and whether it runs when the module is loaded."""

    importer: str
    imported: str
    place: str
    at_load: bool


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts[1:]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> Iterator[Import]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    deferred = {
        id(inner)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(outer)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            named = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} is a relative import, whose floor can't be seen"
            named = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in named:
            yield Import(module_name(path), name, f"{path.relative_to(ROOT)}:{node.lineno}", id(node) not in deferred)


@cache
def all_imports() -> list[Import]:
    return [found for path in SOURCES for found in imports_of(path)]


def top(module: str) -> str:
    return module.partition(".")[0]


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def test_all_packages_of_the_project_are_looked_at() -> None:
    assert {top(found.importer) for found in all_imports()} == set(BELOW)
    assert len(SOURCES) > 40


def test_an_import_only_goes_down() -> None:
    for found in all_imports():
        package = top(found.imported)
        if package in BELOW:
            allowed = BELOW[top(found.importer)] | {top(found.importer)}
            assert package in allowed, f"{found.place} imports {found.imported}: not below {top(found.importer)}"


def test_the_ground_does_not_stand_on_the_store() -> None:
    for found in all_imports():
        if within(found.importer, "exosphere_core") and not any(within(found.importer, name) for name in NOT_GROUND):
            assert not any(within(found.imported, name) for name in NOT_GROUND), found.place


def test_the_ground_does_no_io_and_reads_no_clock() -> None:
    for found in all_imports():
        if within(found.importer, "exosphere_core") and not any(within(found.importer, name) for name in NOT_GROUND):
            assert top(found.imported) not in IMPURE, f"{found.place} imports {found.imported}"
    # The one random number of the ground: a new run's id.
    assert {found.importer for found in all_imports() if found.imported == "uuid.uuid4"} == {"exosphere_core.ids"}


@pytest.mark.parametrize("library", HOMES)
def test_a_library_is_imported_in_its_home_alone(library: str) -> None:
    users = [found for found in all_imports() if top(found.imported) == library]
    assert users, f"nobody imports {library} any more"
    for found in users:
        assert any(within(found.importer, home) for home in HOMES[library]), f"{found.place} imports {library}"


def test_an_exception_that_nobody_needs_any_more_is_not_kept() -> None:
    for library, homes in HOMES.items():
        for home in homes:
            assert any(top(found.imported) == library and within(found.importer, home) for found in all_imports()), home


def test_the_plugin_of_pytest_loads_nothing_of_the_project_until_it_is_used() -> None:
    for found in all_imports():
        if top(found.importer) == "exosphere_pytest" and top(found.imported) in BELOW:
            assert not found.at_load, f"{found.place} imports {found.imported} when it is loaded"


def test_the_command_line_loads_without_what_only_a_server_needs() -> None:
    for found in all_imports():
        if (
            top(found.importer) in ("exosphere_cli", "exospherehost")
            and not within(found.importer, "exospherehost.testing")
            and (top(found.imported) == "exosphere_orchestrator" or within(found.imported, "exospherehost.testing"))
        ):
            assert not found.at_load, f"{found.place} imports {found.imported} when it is loaded"
