"""The systemd units: what they start, how they end, and what systemd itself says to them where it is there."""

import re
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest
from click import Context

from exosphere_cli.main import cli
from exosphere_orchestrator.server import _GRACE_S
from exosphere_worker import link

FOLDER = Path(__file__).parents[2] / "deploy" / "systemd"
UNITS = sorted(FOLDER.iterdir())
PROGRAM = "/opt/exosphere/bin/exosphere"

#: What the units use, by section.
DIRECTIVES = {
    "Unit": {"Description", "Wants", "After", "StartLimitIntervalSec"},
    "Service": {
        "Type", "EnvironmentFile", "Environment", "WorkingDirectory", "ExecStart", "Restart", "RestartSec", "KillMode",
        "TimeoutStopSec", "DynamicUser", "StateDirectory", "UMask", "CapabilityBoundingSet", "NoNewPrivileges",
        "PrivateDevices", "PrivateTmp", "ProtectHome", "ProtectSystem", "ProtectControlGroups", "ProtectKernelLogs",
        "ProtectKernelModules", "ProtectKernelTunables", "RestrictAddressFamilies", "RestrictNamespaces",
        "LockPersonality", "SystemCallArchitectures",
    },
    "Install": {"WantedBy"},
}  # fmt: skip


def read(path: Path) -> dict[str, dict[str, str]]:
    """Section → directive → value. Each is given once."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    section = ""
    for line in path.read_text().splitlines():
        if match := re.fullmatch(r"\[(\w+)\]", line):
            section = match[1]
        elif line and not line.startswith("#"):
            name, sign, value = line.partition("=")
            assert sign
            assert name not in found[section]
            found[section][name] = value
    return found


def test_there_is_a_unit_for_each_part() -> None:
    assert [path.name for path in UNITS] == [
        "exosphere-background.service", "exosphere-server@.service", "exosphere-worker@.service",
    ]  # fmt: skip


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_has_known_directives_in_their_sections(path: Path) -> None:
    for section, content in read(path).items():
        assert set(content) <= DIRECTIVES[section]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_starts_a_command_with_options_that_exist_and_starts_it_again(path: Path) -> None:
    service = read(path)["Service"]
    line = service["ExecStart"].replace("%i", "8000").replace("${EXOSPHERE_RUNTIME}", "a:b")
    program, command, *options = line.replace("${EXOSPHERE_HEALTH_PORT}", "8080").split()
    assert program == PROGRAM
    found = cli.get_command(Context(cli), command)
    assert found is not None
    found.make_context(command, options)
    assert service["Restart"] == "always"
    assert read(path)["Unit"]["StartLimitIntervalSec"] == "0"


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_runs_as_nobody_in_particular_and_holds_no_secret(path: Path) -> None:
    service = read(path)["Service"]
    assert (service["DynamicUser"], service["NoNewPrivileges"], service["ProtectSystem"]) == ("yes", "yes", "strict")
    assert service["CapabilityBoundingSet"] == ""
    assert service["EnvironmentFile"].startswith("/etc/exosphere/")
    assert not re.search(r"SECRET|_KEY|REDIS_URL", service.get("Environment", ""))


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_one_signal_ends_a_unit_in_order_and_it_has_the_time_for_it(path: Path) -> None:
    service = read(path)["Service"]
    # To all processes at once, those of `--processes` would be told twice, which means to exit at once.
    assert service["KillMode"] == "mixed"
    stop_s = int(service["TimeoutStopSec"])
    if "worker" in path.name:
        grace_ms = int(service["Environment"].removeprefix("EXOSPHERE_SHUTDOWN_GRACE_MS="))
        assert stop_s >= grace_ms / 1000 + 2 * link._LAST_REPORTS_S + 5
    else:
        assert stop_s >= 2 * _GRACE_S


def test_systemd_has_nothing_to_say_to_the_units(tmp_path: Path) -> None:
    program = tmp_path / "exosphere"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    copies = []
    for path in UNITS:
        # A template is looked at as one of its instances.
        copies.append(tmp_path / path.name.replace("@.", "@8000."))
        copies[-1].write_text(path.read_text().replace(PROGRAM, str(program)))
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        # The tests above are what there is without it.
        return
    done = subprocess.run(
        [analyze, "verify", "--man=no", *copies], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
