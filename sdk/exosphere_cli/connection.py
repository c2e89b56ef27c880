"""How a client command finds its state manager, and calls it."""

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, TypeVar
from urllib.parse import urlsplit

import click
from pydantic import ValidationError

from exosphere_cli.keys import DATA_DIR_VARIABLE, DEFAULT_DATA_DIR, local_api_key
from exosphere_core.access import read_access
from exosphere_core.api import HEALTH
from exosphere_core.client import ApiClient
from exosphere_core.errors import ConfigurationError, ExosphereError
from exosphere_core.names import name_error

#: Seconds until a state manager must be there at all, so that a wrong address shows soon; and for one call.
_THERE_S: Final = 3.0
_TIMEOUT_S: Final = 30.0

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Connection:
    """Where the calls go.

    Attributes:
        uri: base address of the state manager.
        key: API key.
        namespace: that the command is about.
        namespace_is_given: whether the command line names it, not the environment or the default.
    """

    uri: str
    key: str
    namespace: str
    namespace_is_given: bool

    def ask(self, work: Callable[[ApiClient], Awaitable[Result]]) -> Result:
        """Run calls with a client that is closed afterwards.

        Raises:
            ExosphereError: as the client does; also when the answers are not a state manager's.
        """

        async def run() -> Result:
            try:
                access = read_access(self.uri, self.key)
                client = ApiClient(access.uri, access.key, timeout_s=_TIMEOUT_S)
            except ValueError as wrong:
                raise ConfigurationError(str(wrong)) from None
            try:
                await client.call(HEALTH, timeout_s=_THERE_S)
                return await work(client)
            except ValidationError:
                raise ExosphereError(
                    f"what answers at {self.uri} is no state manager, or one of another version; is the URI right?"
                ) from None
            finally:
                await client.aclose()

        return asyncio.run(run())


def with_connection(
    command: Callable[Concatenate[Connection, Parameters], None],
) -> Callable[..., None]:
    """Give a command the options of a client; its first argument becomes the connection."""

    @click.option(
        "--uri",
        envvar="EXOSPHERE_STATE_MANAGER_URI",
        default="http://localhost:8000",
        show_default=True,
        show_envvar=True,
        help="Address of the state manager.",
    )
    @click.option(
        "--key",
        envvar="EXOSPHERE_API_KEY",
        show_envvar=True,
        help="API key. Left out: the one of the `exosphere dev` in this directory, for an address on this machine.",
    )
    @click.option(
        "--namespace", "-n", envvar="EXOSPHERE_NAMESPACE", default="default", show_default=True, show_envvar=True,
        help="Namespace of the graph and its runs.",
    )  # fmt: skip
    @click.option(
        "--data-dir", envvar=DATA_DIR_VARIABLE, default=DEFAULT_DATA_DIR, show_default=True, show_envvar=True,
        type=click.Path(path_type=Path), help="Data directory of `exosphere dev`, for its key.",
    )  # fmt: skip
    @click.pass_context
    @wraps(command)
    def wrapped(
        context: click.Context,
        /,
        *arguments: Any,
        uri: str,
        key: str | None,
        namespace: str,
        data_dir: Path,
        **rest: Any,
    ) -> None:
        if error := name_error("namespace", namespace):
            raise click.UsageError(error, context)
        connection = Connection(
            uri=_checked(uri),
            key=key or _key_of_dev(uri, data_dir),
            namespace=namespace,
            namespace_is_given=context.get_parameter_source("namespace") is click.core.ParameterSource.COMMANDLINE,
        )
        command(connection, *arguments, **rest)

    return wrapped


def _checked(uri: str) -> str:
    try:
        parts = urlsplit(uri)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigurationError(f"state manager URI {uri!r} can't be used: write it as http://host:port")
    return uri


def _key_of_dev(uri: str, data_dir: Path) -> str:
    # The root key of this machine's state manager must not go to another machine.
    key = local_api_key(data_dir) if _is_local(urlsplit(uri).hostname or "") else None
    if key is None:
        raise ConfigurationError(
            f"no API key for {uri}: set EXOSPHERE_API_KEY or give --key (`exosphere dev` prints its key when it starts)"
        )
    return key


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
