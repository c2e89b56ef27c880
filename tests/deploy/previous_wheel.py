"""Makes the wheel of an earlier commit for the tests of compatibility: `make previous-wheel COMMIT=…`.

It takes the place of the one in `previous/`, whose page names the commit.
"""

import io
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PREVIOUS = ROOT / "tests/deploy/previous"
_NAMED = re.compile(r"commit `[0-9a-f]+` of [\d-]+")


def git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True).stdout


def main() -> None:
    if len(sys.argv) != 2 or not sys.argv[1]:
        sys.exit("error: name the commit: make previous-wheel COMMIT=v1.2.3")
    try:
        commit, date = git("show", "-s", "--abbrev=7", "--format=%h %cs", f"{sys.argv[1]}^{{commit}}").decode().split()
    except subprocess.CalledProcessError as unknown:
        sys.exit(f"error: {unknown.stderr.decode().splitlines()[0]}")
    with tempfile.TemporaryDirectory() as scratch:
        # What was built beside the commit's own files, as the dashboard is, does not get in.
        with tarfile.open(fileobj=io.BytesIO(git("archive", commit))) as archive:
            archive.extractall(f"{scratch}/source", filter="data")
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", scratch]
        built_it = subprocess.run(command, cwd=f"{scratch}/source", capture_output=True, text=True, check=False)
        if built_it.returncode:
            sys.exit(f"error: {commit} can't be built:\n{built_it.stderr}")
        (built,) = Path(scratch).glob("*.whl")
        for old in PREVIOUS.glob("*.whl"):
            old.unlink()
        # A build number begins with a digit.
        name, version, *tags = built.name.split("-")
        wheel = PREVIOUS / "-".join((name, version, f"0_{commit}", *tags))
        wheel.write_bytes(built.read_bytes())
    page = PREVIOUS / "README.md"
    page.write_text(_NAMED.sub(f"commit `{commit}` of {date}", page.read_text()))
    print(f"{wheel.relative_to(ROOT)}, {wheel.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
