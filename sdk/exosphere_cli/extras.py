"""Whether the parts that only a server needs are installed. SDK and worker do without them."""

import importlib.util
from typing import Final

from exosphere_core.errors import ConfigurationError

#: The modules that the extra `server` brings.
_SERVER_MODULES: Final = ("arq", "croniter", "cryptography", "fastapi", "uvicorn")


def require_server_extra(command: str) -> None:
    """Refuse a command that this installation can't run.

    Raises:
        ConfigurationError: names what is missing and what to install.
    """
    missing = [name for name in _SERVER_MODULES if importlib.util.find_spec(name) is None]
    if missing:
        extra = "dev" if command == "dev" else "server"
        raise ConfigurationError(
            f"'exosphere {command}' needs {', '.join(missing)}, which the SDK and workers do without: "
            f"pip install 'exosphere-redis[{extra}]'"
        )
