"""`exosphere profile`, and which server and key a command takes."""

import io
import json
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from exosphere_core.api import RunsResponse

RUNS = RunsResponse(namespace="default", total=0, page=1, size=20, runs=[]).model_dump()
KEY = "exo_0a_key-of-the-profile"


@pytest.fixture
def add(exosphere: Any, state_manager: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Keep a profile; its key comes by standard input."""

    def add(name: str, uri: str = "", key: str = KEY, *more: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{key}\n"))
        code, output, errors = exosphere("profile", "add", name, "--uri", uri or state_manager.uri, *more)
        assert (code, output) == (0, ""), errors
        assert key not in errors

    for namespace in ("default", "shop", "other"):
        state_manager.answer(f"GET /v0/namespace/{namespace}/runs/1/20", RUNS)
    return add


def test_a_person_is_asked_for_the_key_without_showing_it(
    exosphere: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", lambda prompt: KEY)
    code, output, errors = exosphere("profile", "add", "prod", "--uri", "https://exosphere.example.org")
    assert (code, output) == (0, "")
    assert KEY not in errors
    assert KEY in (tmp_path / "config" / "profiles.json").read_text()


def test_a_profile_is_kept_in_a_file_that_only_its_user_can_read(add: Any, tmp_path: Path) -> None:
    add("prod", "https://exosphere.example.org", KEY, "-n", "shop")
    path = tmp_path / "config" / "profiles.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [file.name for file in path.parent.iterdir()] == ["profiles.json"]


def test_a_file_that_others_could_read_is_closed_to_them(add: Any, exosphere: Any, tmp_path: Path) -> None:
    add("prod")
    path = tmp_path / "config" / "profiles.json"
    path.chmod(0o644)
    assert exosphere("profile", "list")[0] == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_profiles_are_listed_and_shown_without_their_keys(add: Any, exosphere: Any) -> None:
    assert exosphere("profile", "list") == (0, "", "no profiles\n")
    add("prod", "https://exosphere.example.org", KEY, "-n", "shop", "--default")
    add("local", "http://127.0.0.1:9", "another")
    code, output, _ = exosphere("profile", "list")
    assert code == 0
    assert [line.split() for line in output.splitlines()[1:]] == [
        ["local", "http://127.0.0.1:9", "-", "kept", "-"],
        ["prod", "https://exosphere.example.org", "shop", "kept", "yes"],
    ]
    for verb in (["list"], ["show", "prod"]):
        for form in ("table", "json", "yaml"):
            _, output, errors = exosphere("profile", *verb, "-o", form)
            assert KEY not in output + errors
    shown = {
        "name": "prod",
        "uri": "https://exosphere.example.org",
        "namespace": "shop",
        "has_key": True,
        "default": True,
    }
    assert json.loads(exosphere("profile", "show", "prod", "-o", "json")[1]) == shown


def test_a_named_profile_gives_address_namespace_and_key_before_the_environment(
    add: Any, exosphere: Any, state_manager: Any
) -> None:
    add("prod", "", KEY, "-n", "shop")
    environment = {"EXOSPHERE_STATE_MANAGER_URI": "http://127.0.0.1:1", "EXOSPHERE_NAMESPACE": "other"}
    assert exosphere("run", "list", "-p", "prod", **environment)[0] == 0
    assert state_manager.asked[-1][1:3] == ("/v0/namespace/shop/runs/1/20", KEY)


def test_flags_come_before_the_named_profile(add: Any, exosphere: Any, state_manager: Any) -> None:
    add("prod", "", KEY, "-n", "shop")
    assert exosphere("run", "list", "-p", "prod", "-n", "other", "--key", "typed")[0] == 0
    assert state_manager.asked[-1][1:3] == ("/v0/namespace/other/runs/1/20", "typed")


@pytest.mark.parametrize("how", ["EXOSPHERE_PROFILE", "use"])
def test_the_environment_comes_before_the_profile_that_it_names_and_before_the_default_one(
    add: Any, exosphere: Any, state_manager: Any, how: str
) -> None:
    add("prod", "", KEY, "-n", "shop")
    chosen = {"EXOSPHERE_PROFILE": "prod"} if how == "EXOSPHERE_PROFILE" else {}
    if how == "use":
        assert exosphere("profile", "use", "prod")[0] == 0
    unset = {"EXOSPHERE_STATE_MANAGER_URI": "", "EXOSPHERE_API_KEY": ""}
    assert exosphere("run", "list", **chosen, **unset)[0] == 0
    assert state_manager.asked[-1][1:3] == ("/v0/namespace/shop/runs/1/20", KEY)
    assert exosphere("run", "list", **chosen, EXOSPHERE_NAMESPACE="other")[0] == 0
    assert state_manager.asked[-1][1:3] == ("/v0/namespace/other/runs/1/20", "key")


def test_the_key_of_a_profile_is_not_sent_to_another_address(add: Any, exosphere: Any, state_manager: Any) -> None:
    add("prod", "https://exosphere.example.org")
    code, output, errors = exosphere("run", "list", "-p", "prod", "--uri", state_manager.uri, EXOSPHERE_API_KEY="")
    assert (code, output) == (1, "")
    assert errors.startswith(f"error: no API key for {state_manager.uri}: ")
    assert state_manager.asked == []


def test_a_profile_without_a_key_takes_that_of_the_environment(exosphere: Any, state_manager: Any) -> None:
    assert exosphere("profile", "add", "bare", "--uri", state_manager.uri, "--no-key")[0] == 0
    state_manager.answer("GET /v0/namespace/default/runs/1/20", RUNS)
    assert exosphere("run", "list", "-p", "bare")[0] == 0
    assert state_manager.asked[-1][2] == "key"


def test_a_removed_profile_is_gone_with_its_key_and_is_no_default_any_more(
    add: Any, exosphere: Any, tmp_path: Path
) -> None:
    add("prod", "", KEY, "--default")
    assert exosphere("profile", "remove", "prod")[0] == 0
    assert KEY not in (tmp_path / "config" / "profiles.json").read_text()
    assert exosphere("run", "list")[0] == 0


def test_a_profile_that_there_is_not_is_named_with_those_that_there_are(add: Any, exosphere: Any) -> None:
    add("prod")
    for arguments in (["run", "list", "-p", "prd"], ["profile", "use", "prd"], ["profile", "remove", "prd"]):
        code, output, errors = exosphere(*arguments)
        assert (code, output) == (1, "")
        assert errors.startswith("error: no profile 'prd': there are prod; make it with: exosphere profile add prd")


def test_what_can_be_no_profile_is_refused_and_nothing_is_kept(
    exosphere: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = "http://localhost:8000"
    for name, uri, key, code, expected in (
        ("a/b", good, KEY, 2, "profile name 'a/b' is not allowed"),
        ("a", "localhost", KEY, 1, "state_manager_uri (EXOSPHERE_STATE_MANAGER_URI) is 'localhost'"),
        ("a", f"http://me:{KEY}@localhost", "k", 1, "carries a user or password"),
        ("a", good, "", 2, "standard input holds no API key"),
        ("a", good, "two\nlines", 1, "holds characters that no HTTP header can carry"),
    ):
        monkeypatch.setattr(sys, "stdin", io.StringIO(key))
        got, output, errors = exosphere("profile", "add", name, "--uri", uri)
        assert (got, output) == (code, "")
        assert expected in errors
        assert errors.count("\n") == 1
        assert KEY not in errors
    assert not (tmp_path / "config").exists()


def test_a_broken_file_is_named_and_flags_work_without_it(exosphere: Any, state_manager: Any, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    path = tmp_path / "config" / "profiles.json"
    for content in ("{", "[]", '{"profiles": {"a": {"uri": 5}}}', '{"profiles": {"a": {"colour": "red"}}}'):
        path.write_text(content)
        code, _, errors = exosphere("profile", "list")
        assert code == 1
        assert errors == f"error: {path} is no file of profiles; mend it, or remove it and add them anew\n"
    state_manager.answer("GET /v0/namespace/default/runs/1/20", RUNS)
    assert exosphere("run", "list", "--uri", state_manager.uri, "--key", "key")[0] == 0


def test_a_home_that_may_not_be_looked_into_has_no_profiles(
    exosphere: Any, state_manager: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(path: Path) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    state_manager.answer("GET /v0/namespace/default/runs/1/20", RUNS)
    monkeypatch.setattr(Path, "read_text", denied)
    assert exosphere("run", "list")[0] == 0
    code, _, errors = exosphere("run", "list", "-p", "prod")
    assert code == 1
    assert errors.startswith("error: no profile 'prod': there are none")


def test_names_of_profiles_are_completed(add: Any, start_exosphere: Any, tmp_path: Path) -> None:
    add("prod")
    add("preview")
    add("local")
    process: subprocess.Popen[str] = start_exosphere(
        environment={
            "_EXOSPHERE_COMPLETE": "bash_complete", "COMP_WORDS": "exosphere run list -p pr", "COMP_CWORD": "4",
            "EXOSPHERE_CONFIG_DIR": str(tmp_path / "config"),
        }
    )  # fmt: skip
    output, errors = process.communicate(timeout=60)
    assert (output.splitlines(), errors) == (["plain,preview", "plain,prod"], "")


@pytest.mark.parametrize(
    ("shell", "mark"), [("bash", "complete -o"), ("zsh", "#compdef exosphere"), ("fish", "complete --")]
)
def test_completion_is_printed_for_each_shell(exosphere: Any, shell: str, mark: str) -> None:
    code, output, errors = exosphere("completion", shell)
    assert (code, errors) == (0, "")
    assert mark in output
    assert "_EXOSPHERE_COMPLETE" in output


def test_commands_and_choices_are_completed_by_what_the_printed_script_calls(start_exosphere: Any) -> None:
    for words, expected in (
        ("exosphere sch", ["plain,schedule"]),
        ("exosphere run list -o ", ["plain,table", "plain,json", "plain,yaml"]),
    ):
        process = start_exosphere(
            environment={
                "_EXOSPHERE_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)
            }
        )  # fmt: skip
        assert process.communicate(timeout=60)[0].splitlines() == expected
