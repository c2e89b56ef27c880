"""The keys of a local `exosphere dev`."""

import base64
import stat
from pathlib import Path

import pytest

from exosphere_cli.keys import ensure_keys, local_api_key
from exosphere_core.errors import ConfigurationError


def test_keys_are_made_once_and_readable_by_the_owner_alone(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    keys = ensure_keys(data_dir, {})
    assert ensure_keys(data_dir, {}) == keys
    assert local_api_key(data_dir) == keys.api_key
    assert len(base64.urlsafe_b64decode(keys.encryption_key)) == 32
    for name in ("api-key", "encryption-key"):
        assert stat.S_IMODE((data_dir / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700


def test_two_directories_have_different_keys(tmp_path: Path) -> None:
    one, other = ensure_keys(tmp_path / "one", {}), ensure_keys(tmp_path / "other", {})
    assert one.api_key != other.api_key
    assert one.encryption_key != other.encryption_key


def test_the_environment_wins_and_its_keys_are_not_written_down(tmp_path: Path) -> None:
    environ = {"STATE_MANAGER_SECRET": "mine", "SECRETS_ENCRYPTION_KEY": "also mine"}
    keys = ensure_keys(tmp_path / "data", environ)
    assert (keys.api_key, keys.encryption_key) == ("mine", "also mine")
    assert not (tmp_path / "data").exists()


def test_keys_that_others_could_read_are_closed_to_them_again(tmp_path: Path) -> None:
    ensure_keys(tmp_path, {})
    (tmp_path / "api-key").chmod(0o644)
    ensure_keys(tmp_path, {})
    assert stat.S_IMODE((tmp_path / "api-key").stat().st_mode) == 0o600


def test_the_data_directory_keeps_itself_out_of_version_control(tmp_path: Path) -> None:
    ensure_keys(tmp_path / "data", {})
    assert (tmp_path / "data" / ".gitignore").read_text().splitlines()[-1] == "*"


def test_an_empty_key_is_not_replaced_silently(tmp_path: Path) -> None:
    (tmp_path / "encryption-key").write_text("\n")
    with pytest.raises(ConfigurationError, match=r"encryption-key is empty; restore the key, or delete the file"):
        ensure_keys(tmp_path, {})


def test_a_data_directory_below_a_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match=r"data directory .*/file/data can't be used"):
        ensure_keys(tmp_path / "file" / "data", {})


def test_without_a_data_directory_there_is_no_local_key(tmp_path: Path) -> None:
    assert local_api_key(tmp_path / "nowhere") is None
