"""`exosphere dev` in a checkout: the dashboard is built once, where npm is there, and its lack stops nothing."""

from pathlib import Path

import pytest

from exosphere_cli.dashboard_build import ensure_dashboard

#: Writes down what it is asked for, and builds.
NPM = """#!/bin/sh
echo "$*" >> asked
case "$*" in *build*) mkdir -p ../built && echo page > ../built/index.html ;; esac
"""
BROKEN_NPM = "#!/bin/sh\necho 'no registry can be reached' >&2\nexit 1\n"


class Checkout:
    """A checkout with sources of a dashboard, and the tools on the PATH."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.source, self.built, self.tools = folder / "source", folder / "built", folder / "tools"
        self.source.mkdir()
        self.tools.mkdir()
        (self.source / "package.json").write_text("{}")
        monkeypatch.setenv("PATH", f"{self.tools}:/usr/bin:/bin")
        self.said: list[str] = []

    def tool(self, name: str, script: str) -> None:
        (self.tools / name).write_text(script)
        (self.tools / name).chmod(0o755)

    def ensure(self) -> str:
        """Returns what was said."""
        self.said.clear()
        ensure_dashboard(self.source, self.built, self.said.append)
        return "\n".join(self.said)

    @property
    def asked(self) -> list[str]:
        asked = self.source / "asked"
        return asked.read_text().splitlines() if asked.exists() else []


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    return Checkout(tmp_path, monkeypatch)


def test_it_is_built_once(checkout: Checkout) -> None:
    checkout.tool("node", "#!/bin/sh\necho v22.1.0\n")
    checkout.tool("npm", NPM)
    assert "Building the dashboard" in checkout.ensure()
    assert checkout.asked == ["ci --silent", "run --silent build"]
    assert checkout.ensure() == ""
    assert len(checkout.asked) == 2


@pytest.mark.parametrize("version", ["v20.18.3", "v18.20.0", "nonsense"])
def test_where_node_is_too_old_it_is_said_what_is_needed(checkout: Checkout, version: str) -> None:
    checkout.tool("node", f"#!/bin/sh\necho {version}\n")
    checkout.tool("npm", NPM)
    said = checkout.ensure()
    assert version in said
    assert "Node.js 20.19 or newer" in said
    assert checkout.asked == []


def test_where_there_is_no_npm_it_is_said_how_to_get_it(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(checkout.tools))
    said = checkout.ensure()
    assert "no npm" in said
    assert "https://nodejs.org" in said
    assert "All else works without it" in said


def test_a_build_that_fails_is_told_with_its_reason_and_tried_again_at_the_next_start(checkout: Checkout) -> None:
    checkout.tool("node", "#!/bin/sh\necho v20.19.0\n")
    checkout.tool("npm", BROKEN_NPM)
    said = checkout.ensure()
    assert "no registry can be reached" in said
    assert "npm ci --silent failed" in said
    checkout.tool("npm", NPM)
    checkout.ensure()
    assert (checkout.built / "index.html").exists()


def test_an_installation_without_sources_has_nothing_to_build(checkout: Checkout) -> None:
    (checkout.source / "package.json").unlink()
    assert checkout.ensure() == ""
