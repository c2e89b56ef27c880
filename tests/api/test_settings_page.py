"""docs/settings.md names every variable that the code reads, with the default that holds, and no other."""

import ast
import re
from pathlib import Path

import click
import pytest

from api.settings_page import state_manager_table
from exosphere_cli.keys import DEFAULT_DATA_DIR
from exosphere_cli.run import run
from exosphere_core.errors import ConfigurationError
from exosphere_core.health import health_age_s
from exosphere_orchestrator.settings import Settings, load_settings
from exosphere_worker import runtime
from exosphere_worker.loop_watch import blocked_loop_limit_s
from exosphere_worker.spin import spin_limit_us

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "settings.md").read_text()
VARIABLE = re.compile(r"EXOSPHERE_[A-Z_]+|STATE_MANAGER_SECRET|SECRETS_ENCRYPTION_KEY")


def variables_of_the_code() -> set[str]:
    """Every string of the shipped code that is just the name of a variable."""
    found = set()
    for folder in ("sdk", "worker", "orchestrator"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and VARIABLE.fullmatch(node.value):
                    found.add(node.value)
    return found


def default_told(variable: str, section: str) -> str:
    """The default that a section of the page gives for a variable."""
    text = PAGE.partition(f"## {section}\n")[2].partition("\n## ")[0]
    (cell,) = re.findall(rf"^\| `{variable}` \| (.*?) \|", text, re.MULTILINE)
    return str(cell).strip("`")


def test_the_page_names_just_the_variables_that_the_code_reads() -> None:
    assert set(VARIABLE.findall(PAGE)) == variables_of_the_code()


def test_the_table_of_the_state_manager_is_that_of_its_settings() -> None:
    assert state_manager_table() in PAGE, f"the table must be:\n{state_manager_table()}"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_setting_has_a_variable_of_its_own_and_a_meaning(name: str) -> None:
    field = Settings.model_fields[name]
    assert field.title
    assert VARIABLE.fullmatch(field.title)
    assert field.description
    assert "|" not in field.description
    assert [other.title for other in Settings.model_fields.values()].count(field.title) == 1


def test_what_must_be_set_is_told_by_its_variable_when_it_is_missing() -> None:
    with pytest.raises(ConfigurationError) as refused:
        load_settings({})
    required = {field.title for field in Settings.model_fields.values() if field.is_required()}
    assert set(VARIABLE.findall(refused.value.detail)) >= required
    for variable in required:
        assert f"{variable} is not set" in refused.value.detail


def test_the_defaults_of_the_runtime_are_those_of_the_page() -> None:
    assert int(default_told("EXOSPHERE_SHUTDOWN_GRACE_MS", "Runtimes")) == runtime._grace_s() * 1000
    assert int(default_told("EXOSPHERE_HEALTH_AGE_MS", "Runtimes")) == health_age_s() * 1000
    assert int(default_told("EXOSPHERE_SPIN_US", "Runtimes")) == spin_limit_us()
    limit_s = blocked_loop_limit_s()
    assert limit_s is not None
    assert int(default_told("EXOSPHERE_BLOCKED_LOOP_MS", "Runtimes")) == limit_s * 1000


def test_the_defaults_of_the_command_line_are_those_of_the_page() -> None:
    assert isinstance(run, click.Group)
    options = {option.envvar: option.default for option in run.commands["list"].params if option.envvar}
    assert str(options["EXOSPHERE_STATE_MANAGER_URI"]) == default_told("EXOSPHERE_STATE_MANAGER_URI", "Command line")
    assert str(options["EXOSPHERE_NAMESPACE"]) == default_told("EXOSPHERE_NAMESPACE", "Command line")
    assert str(DEFAULT_DATA_DIR) == default_told("EXOSPHERE_DATA_DIR", "Command line")
