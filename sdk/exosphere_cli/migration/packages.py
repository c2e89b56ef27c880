"""Which packages and which Python a project asks for: requirements, pyproject.toml, Dockerfile."""

import re
from collections.abc import Iterator
from typing import Final

from exosphere_cli.migration.facts import MONGO_DETAIL, MONGO_FIX, MONGO_PACKAGES, NEWEST_PYTHON, OLDEST_PYTHON
from exosphere_cli.migration.finding import Finding, Verdict

#: A package by its name, such as in "exospherehost[x]>=1" or `pip install exospherehost`.
_PACKAGE: Final = re.compile(
    r"(?<![\w./-])(exospherehost|" + "|".join(sorted(MONGO_PACKAGES)) + r")(?![\w./-])", re.IGNORECASE
)
#: Lines of these files that can name a package, beside requirements.
_INSTALLS: Final = re.compile(r"\b(?:pip|uv|poetry|pdm|pipenv)\b.*\b(?:install|add)\b")
_LISTED: Final = re.compile(r"""^\s*["']?[A-Za-z]""")
_PYTHON_IMAGE: Final = re.compile(r"^\s*FROM\s+(?:\S+/)?python:(\d+)\.(\d+)", re.IGNORECASE)
_REQUIRES_PYTHON: Final = re.compile(r"""^\s*(?:requires-python|python|python_requires)\s*=\s*["']([^"']*)["']""")
_LEAST: Final = re.compile(r"(?:>=|~=|==|\^|~)\s*(\d+)\.(\d+)")
_RANGE: Final = f"{OLDEST_PYTHON[0]}.{OLDEST_PYTHON[1]} to {NEWEST_PYTHON[0]}.{NEWEST_PYTHON[1]}"


def check_packages(file: str, text: str, *, dockerfile: bool) -> Iterator[Finding]:
    """Check one file.

    Args:
        dockerfile: whether packages are named by commands only, not by lists.
    """
    for number, line in enumerate(text.splitlines(), 1):
        code = line.partition("#")[0]
        if _INSTALLS.search(code) or (not dockerfile and _LISTED.match(code)):
            for package in dict.fromkeys(found.lower() for found in _PACKAGE.findall(code)):
                yield _package(file, number, package)
        if image := _PYTHON_IMAGE.match(code):
            version = int(image[1]), int(image[2])
            if not OLDEST_PYTHON <= version <= NEWEST_PYTHON:
                yield _python(file, number, f"Python {image[1]}.{image[2]}")
        elif (required := _REQUIRES_PYTHON.match(code)) and (least := _LEAST.search(required[1])):
            version = int(least[1]), int(least[2])
            if not OLDEST_PYTHON <= version <= NEWEST_PYTHON:
                yield _python(file, number, f"Python {required[1]}")


def _package(file: str, line: int, package: str) -> Finding:
    verdict = Verdict.CHANGE
    if package == "exospherehost":
        detail = "the distribution exospherehost brings a package of the same name: both in one environment overwrite each other"
        fix = 'put exosphere-redis in its place; for a state manager "exosphere-redis[server]"'
    else:
        verdict, detail, fix = Verdict.DIFFERS, f"{package} speaks to MongoDB; {MONGO_DETAIL}", MONGO_FIX
    return Finding(verdict=verdict, file=file, line=line, rule="package", detail=detail, fix=fix)


def _python(file: str, line: int, what: str) -> Finding:
    return Finding(
        verdict=Verdict.CHANGE, file=file, line=line, rule="python", detail=f"{what}: this needs Python {_RANGE}",
        fix="use one of these",
    )  # fmt: skip
