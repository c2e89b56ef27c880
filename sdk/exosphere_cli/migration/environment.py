"""Variables: of `.env` files, and of services of Compose files. Their values are judged and never kept."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from exosphere_cli.migration.facts import MONGO_DETAIL, MONGO_FIX, MONGO_VARIABLE
from exosphere_cli.migration.finding import Finding, Verdict
from exosphere_cli.migration.located import Located

_SERVER: Final = "STATE_MANAGER_SECRET"
_ENCRYPTION: Final = "SECRETS_ENCRYPTION_KEY"
_REDIS: Final = "EXOSPHERE_REDIS_URL"
_CLIENT: Final = ("EXOSPHERE_STATE_MANAGER_URI", "EXOSPHERE_API_KEY")
_KEY_BYTES: Final = 32

#: Name → value and line.
Variables = Mapping[str, tuple[str, int]]

_LINE: Final = re.compile(r"\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$")
_OLD_IMAGE: Final = re.compile(r"(^|/)(exosphere-state-manager|exosphere-dashboard|mongo)([:@]|$)|(^|/)mongodb?[-/:@]")


def read_variables(text: str) -> Variables:
    """Read an `.env` file."""
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        if match := _LINE.match(line):
            found[match[1]] = (match[2].strip("\"'"), number)
    return found


def check_variables(file: str, variables: Variables, *, of_server: bool = False) -> Iterator[Finding]:
    """Check the variables of one process, or of all.

    Args:
        of_server: they are a state manager's, whether it is to be seen from them or not.
    """

    def found(verdict: Verdict, line: int, rule: str, detail: str, fix: str = "") -> Finding:
        return Finding(verdict=verdict, file=file, line=line, rule=rule, detail=detail, fix=fix)

    for name, (value, line) in variables.items():
        if name.upper().startswith(MONGO_VARIABLE):
            if of_server or _SERVER in variables:
                yield found(Verdict.CHANGE, line, "mongodb", f"{name} is not read: there is no MongoDB", "remove it")
            else:
                yield found(Verdict.DIFFERS, line, "mongodb", f"{name}: {MONGO_DETAIL}", MONGO_FIX)
        elif name in _CLIENT:
            yield found(Verdict.SAME, line, "variable", f"{name} has the same meaning")
        elif name == _SERVER:
            yield found(Verdict.SAME, line, "variable", f"{name} is the root key")
        elif name == _ENCRYPTION:
            yield from _encryption_key(found, value, line)
    if _SERVER in variables:
        line = variables[_SERVER][1]
        if _REDIS not in variables:
            yield found(
                Verdict.CHANGE, line, "redis", "a state manager without EXOSPHERE_REDIS_URL",
                "run Redis or Valkey (docs/redis.md) and set EXOSPHERE_REDIS_URL",
            )  # fmt: skip
        if _ENCRYPTION not in variables:
            yield found(
                Verdict.CHANGE, line, "encryption-key", f"a state manager without {_ENCRYPTION}",
                f"set {_ENCRYPTION}: 32 random bytes in URL-safe base64",
            )  # fmt: skip


def check_compose(file: str, compose: Located) -> Iterator[Finding]:
    """Check the services of a Compose file."""
    services = compose.data.get("services") if isinstance(compose.data, Mapping) else None
    named = services.items() if isinstance(services, Mapping) else ()
    for name, service in named:
        if not isinstance(service, Mapping):
            continue
        image = service.get("image")
        old = _OLD_IMAGE.search(image) if isinstance(image, str) else None
        kind = (old[2] or "mongo") if old else ""
        if kind:
            yield _image(file, compose.line("services", name, "image"), name, kind)
        variables = _environment(compose, name, service.get("environment"))
        yield from check_variables(file, variables, of_server=kind == "exosphere-state-manager")


def _image(file: str, line: int, service: str, image: str) -> Finding:
    detail, fix = {
        "exosphere-state-manager": (
            "is the original's state manager",
            "build the image of deploy/, or take deploy/compose.yaml; beside it runs exosphere background",
        ),
        "exosphere-dashboard": (
            "is the original's dashboard",
            "remove the service: the state manager serves its own dashboard at /",
        ),
    }.get(
        image,
        ("is MongoDB, which nothing here needs", "put Redis or Valkey beside it, or in its place (docs/redis.md)"),
    )
    return Finding(
        verdict=Verdict.DIFFERS if image == "mongo" else Verdict.CHANGE, file=file, line=line, rule="image", detail=f"the image of service {service!r} {detail}",
        fix=fix,
    )  # fmt: skip


def _environment(compose: Located, service: Any, given: Any) -> Variables:
    place = ("services", service, "environment")
    if isinstance(given, Mapping):
        return {str(name): (str(value), compose.line(*place, str(name))) for name, value in given.items()}
    found = {}
    for index, item in enumerate(given if isinstance(given, list) else ()):
        name, _, value = str(item).partition("=")
        found[name] = (value, compose.line(*place, index))
    return found


def _encryption_key(found: Any, value: str, line: int) -> Iterator[Finding]:
    if not value or "$" in value:
        # It comes from elsewhere.
        return
    try:
        good = len(base64.b64decode(value, altchars=b"-_", validate=True)) == _KEY_BYTES
    except (binascii.Error, ValueError):
        good = False
    if good:
        yield found(Verdict.SAME, line, "variable", f"{_ENCRYPTION} has the form of a key")
    else:
        yield found(
            Verdict.CHANGE, line, "encryption-key", f"{_ENCRYPTION} is no key: the state manager does not start",
            "make one of 32 random bytes in URL-safe base64",
        )  # fmt: skip
