"""Finds the runtime that `package.module:attribute` names. Everything that can be wrong with it is one line."""

import importlib
import re
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exosphere_core.errors import ConfigurationError

if TYPE_CHECKING:
    from exosphere_worker.runtime import Runtime

_TARGET = re.compile(r"(?P<module>[^\W\d]\w*(?:\.[^\W\d]\w*)*):(?P<attribute>[^\W\d]\w*(?:\.[^\W\d]\w*)*)")


def split_target(target: str) -> tuple[str, str]:
    """Split `package.module:attribute`.

    Raises:
        ConfigurationError: it does not look like that.
    """
    found = _TARGET.fullmatch(target)
    if found is None:
        raise ConfigurationError(f"{target!r} does not name a runtime: write package.module:attribute")
    return found["module"], found["attribute"]


def load_runtime(target: str) -> "Runtime":
    """Import a module, the current directory first, and return its runtime.

    Raises:
        ConfigurationError: names what is missing, failed or of the wrong type, with file and line.
    """
    from exosphere_worker.runtime import Runtime

    module_name, attribute = split_target(target)
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    found: Any = _import(module_name)
    for part in attribute.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise ConfigurationError(
                f"module {module_name!r} has no attribute {attribute!r}{_suggestion(found, Runtime)}"
            ) from None
    if callable(found) and not isinstance(found, Runtime | type):
        try:
            found = found()
        except Exception as failed:
            raise ConfigurationError(f"{target}() failed: {_told(failed)}") from None
        target = f"{target}()"
    if not isinstance(found, Runtime):
        kind = f"the class {found.__name__}" if isinstance(found, type) else f"of type {type(found).__name__}"
        raise ConfigurationError(
            f"{target} is {kind}, not a Runtime; name a Runtime or a function without arguments that returns one"
        )
    return found


def _import(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as missing:
        # One of the packages on the way to the module, or something that the module itself imports?
        if missing.name is not None and f"{name}.".startswith(f"{missing.name}."):
            raise ConfigurationError(
                f"no module named {missing.name!r} in {Path.cwd()} or on the Python path"
            ) from None
        raise ConfigurationError(f"importing {name!r} failed: {_told(missing)}") from None
    except Exception as failed:
        raise ConfigurationError(f"importing {name!r} failed: {_told(failed)}") from None
    except SystemExit as ended:
        raise ConfigurationError(f"importing {name!r} ended the program: {_told(ended)}") from None


def _told(error: BaseException) -> str:
    """Name the error and the line of the user's code that it comes from."""
    here = f"{Path.cwd()}/"
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg} ({str(error.filename).removeprefix(here)}, line {error.lineno})"
    text = f"{type(error).__name__}: {error}"
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__)[1:] if not frame.filename.startswith("<frozen")
    ]
    own = [frame for frame in frames if frame.filename.startswith(here) and "site-packages" not in frame.filename]
    if place := (own or frames)[-1:]:
        text += f" ({place[0].filename.removeprefix(here)}, line {place[0].lineno})"
    return text


def _suggestion(module: Any, kind: type) -> str:
    names = sorted(name for name, value in vars(module).items() if isinstance(value, kind))
    return f"; it has {', '.join(map(repr, names))}" if names else ""
