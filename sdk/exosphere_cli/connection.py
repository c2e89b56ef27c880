"""How a client command calls its state manager."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import click
from pydantic import BaseModel, ValidationError

from exosphere_cli.server_options import DATA_DIR, KEY, PROFILE, URI
from exosphere_cli.whereabouts import Given, find_server
from exosphere_core.access import read_access
from exosphere_core.api import HEALTH, Row
from exosphere_core.client import ApiClient
from exosphere_core.errors import ConfigurationError, ExosphereError
from exosphere_core.names import name_error

#: Seconds until a state manager must be there at all, so that a wrong address shows soon; and for one call.
_THERE_S: Final = 3.0
_TIMEOUT_S: Final = 30.0

#: How many items one call asks for, where a list has pages.
_PAGE: Final = 200

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
Answer = TypeVar("Answer", bound=BaseModel)
Query = Mapping[str, str | int | Sequence[str]]


@dataclass(frozen=True, slots=True)
class Connection:
    """Where the calls go.

    Attributes:
        uri: base address of the state manager.
        key: API key.
        namespace: that the command is about.
        namespace_is_given: whether the command line names it, not the environment, a profile or the default.
    """

    uri: str
    key: str = field(repr=False)
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

    def fetch(
        self,
        row: Row,
        answer: type[Answer],
        *,
        body: Mapping[str, Any] | None = None,
        query: Query | None = None,
        idempotency_key: str | None = None,
        **path: str | int,
    ) -> Answer:
        """Make one call in the namespace, and return its answer.

        Args:
            idempotency_key: makes a call that starts something safe to repeat, as happens when its answer is lost.

        Raises:
            ExosphereError: as `ask` does.
        """
        where: dict[str, Any] = {"namespace": self.namespace, **path}

        async def work(client: ApiClient) -> Answer:
            return answer.model_validate(
                await client.call(row, body=body, query=query, idempotency_key=idempotency_key, **where)
            )

        return self.ask(work)

    def fetch_all(self, row: Row, answer: type[Answer], **path: str | int) -> list[Answer]:
        """Return all pages of a list that has cursors.

        Raises:
            ExosphereError: as `ask` does.
        """
        where: dict[str, Any] = {"namespace": self.namespace, **path}

        async def work(client: ApiClient) -> list[Answer]:
            query: dict[str, str | int | Sequence[str]] = {"limit": _PAGE}
            pages: list[Answer] = []
            while True:
                raw = await client.call(row, query=query, **where)
                pages.append(answer.model_validate(raw))
                if raw["next_cursor"] is None:
                    return pages
                query["cursor"] = raw["next_cursor"]

        return self.ask(work)


def with_connection(
    command: Callable[Concatenate[Connection, Parameters], None],
) -> Callable[..., None]:
    """Give a command the options of a client; its first argument becomes the connection."""
    return _connected(command, key_needed=True)


def with_connection_even_without_key(
    command: Callable[Concatenate[Connection, Parameters], None],
) -> Callable[..., None]:
    """The same, where nobody gives a key: that of the connection is empty then."""
    return _connected(command, key_needed=False)


def _connected(
    command: Callable[Concatenate[Connection, Parameters], None], *, key_needed: bool
) -> Callable[..., None]:
    @PROFILE
    @URI
    @KEY
    @click.option(
        "--namespace", "-n", envvar="EXOSPHERE_NAMESPACE", default="default", show_default=True, show_envvar=True,
        help="Namespace that the command is about.",
    )  # fmt: skip
    @DATA_DIR
    @click.pass_context
    @wraps(command)
    def wrapped(
        context: click.Context,
        /,
        *arguments: Any,
        profile: str | None,
        uri: str,
        key: str | None,
        namespace: str,
        data_dir: Path,
        **rest: Any,
    ) -> None:
        given = Given(
            profile, uri, key, namespace, data_dir,
            {name: context.get_parameter_source(name) for name in ("profile", "uri", "key", "namespace")},
        )  # fmt: skip
        server = find_server(given, key_needed=key_needed)
        if error := name_error("namespace", server.namespace):
            raise click.UsageError(error, context)
        connection = Connection(
            uri=server.uri,
            key=server.key,
            namespace=server.namespace,
            namespace_is_given=given.is_typed("namespace"),
        )
        command(connection, *arguments, **rest)

    return wrapped
