"""The base class of nodes, and what is checked about a node class before anything runs."""

import inspect
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, cast

import msgspec
from pydantic import BaseModel

from exosphere_core.names import identifier_error, name_error
from exosphere_worker.held import Held
from exosphere_worker.node_log import MAKING, AttemptLog, LineSink, NodeLogger
from exosphere_worker.once import Once


class _NoFields(BaseModel):
    """Stands in for a model that a node leaves out."""


@dataclass(slots=True)
class Store:
    """A run's key-value store, as a node sees it.

    Writes are kept until the node succeeds and take effect together with its success, once.
    """

    _read: Callable[[str], Awaitable[str | None]]
    writes: dict[str, str] = field(default_factory=dict)

    async def get(self, key: str) -> str | None:
        """Return the value of a key, this node's own writes included; None when it is not set.

        To be awaited in an `async def execute`: a plain one runs in a thread, where it can only set.
        """
        _check_key(key)
        return self.writes[key] if key in self.writes else await self._read(key)

    def set(self, key: str, value: str) -> None:
        """Set a key when this node succeeds.

        Raises:
            TypeError: the value is not text.
            ValueError: the key is not allowed, or the value can't be spelled in UTF-8.
        """
        _check_key(key)
        if not isinstance(value, str):
            raise TypeError(f"store key {key!r}: the value must be str, not {type(value).__name__}")
        if not is_text(value):
            raise ValueError(f"store key {key!r}: the value holds half a character (a lone surrogate)")
        self.writes[key] = value


def is_text(value: str) -> bool:
    """Whether a string can be spelled in UTF-8: one with lone surrogates, as undecodable file names have, can't."""
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_key(key: str) -> None:
    if error := identifier_error("store key", key):
        raise ValueError(error)


class Services(Protocol):
    """What an execution may ask the state manager for."""

    @property
    def line_sink(self) -> LineSink:
        """Takes the lines that nodes write."""

    async def store_value(self, state: str, key: str) -> str | None:
        """Return a value of the store of a state's run, or None."""

    async def recorded(self, state: str, key: str) -> tuple[bool, Any]:
        """Tell whether a state's attempt chain recorded a result under a key, and which."""

    async def record(self, state: str, key: str, result: Any) -> Any:
        """Record a result unless there is one, and return the one that came first."""


class Execution(msgspec.Struct, eq=False):
    """What a node may know about the execution that it is. What few nodes use is made when it is asked for."""

    run_id: str
    state_id: str
    retry_count: int
    idempotency_key: str
    _services: Services
    #: The delivery that is executed; None where there is none, as in a test of a node alone.
    _held: Held | None = None
    #: Values that must not be seen in what the node writes.
    _secrets: dict[str, str] | None = None
    _store: Store | None = None
    _once: Once | None = None
    #: What the node writes, once it has written something.
    written: AttemptLog | None = None

    @property
    def lines(self) -> AttemptLog:
        """What the node writes while it runs."""
        if self.written is None:
            held = self._held
            home, attempt = (held.task.home, int(held.attempt)) if held else ("", 1)
            with MAKING:
                if self.written is None:
                    sink = self._services.line_sink
                    self.written = AttemptLog(sink, self.state_id, home, attempt, self._secrets)
        return self.written

    @property
    def store(self) -> Store:
        """The store of the run, with what this execution wrote."""
        if self._store is None:
            self._store = Store(partial(self._services.store_value, self.state_id))
        return self._store

    @property
    def once(self) -> Once:
        """What the attempt chain has recorded, and may record."""
        if self._once is None:
            services, state = self._services, self.state_id
            self._once = Once(partial(services.recorded, state), partial(services.record, state))
        return self._once

    @property
    def writes(self) -> dict[str, str]:
        """What was written to the store: takes effect with the success."""
        return {} if self._store is None else self._store.writes


class BaseNode(ABC):
    """A unit of work. Subclass it, declare `Inputs`, `Outputs` and `Secrets`, and write `execute`.

    All fields of the three models are `str`. `Secrets`, like the others, may be left out when it would have no fields.
    A new instance is made for each execution.
    """

    Inputs: type[BaseModel] = _NoFields
    Outputs: type[BaseModel] = _NoFields
    Secrets: type[BaseModel] = _NoFields

    # Typed as Any: each subclass has its own models, and reads their fields.
    inputs: Any
    secrets: Any
    _execution: Execution

    @abstractmethod
    def execute(self) -> Any:
        """Do the work: an `async def`, or a plain `def`, which runs in a thread.

        Returns:
            One `Outputs`, or a list of them (a branch for each), or None.
        """

    @property
    def store(self) -> Store:
        """The key-value store of the run."""
        return self._execution.store

    @property
    def run_id(self) -> str:
        """Id of the run."""
        return self._execution.run_id

    @property
    def state_id(self) -> str:
        """Id of the state that this execution is of."""
        return self._execution.state_id

    @property
    def retry_count(self) -> int:
        """How many retries came before; 0 at first."""
        return self._execution.retry_count

    @property
    def idempotency_key(self) -> str:
        """The same for every delivery and retry of this piece of work: hand it to services that drop repeats."""
        return self._execution.idempotency_key

    async def once(self, key: str, fn: Callable[[], Any]) -> Any:
        """Do a piece of work once over all deliveries and retries of this state, and return its first result.

        The first result is recorded before this returns, so that a later attempt is given it and does not call `fn`.
        What `fn` raises is not recorded: the next call tries again. A worker that dies between the end of `fn` and
        the record will have `fn` called again, so hand `idempotency_key` to services that drop repeats, too.

        Args:
            key: names the piece of work within this node: letters, digits, `_` and `-`; up to 1,000 of them.
            fn: called without arguments; what it returns is awaited if it can be. Work that blocks is done
                by `lambda: asyncio.to_thread(work)`.

        Returns:
            The first result, read from its JSON form.

        Raises:
            TypeError: the result is not JSON, or `fn` is no function.
            ValueError: the key is not allowed.
            RuntimeError: `execute` is a plain function: that runs in a thread, where nothing can be awaited.
            ExosphereError: the state manager can't be reached or refuses it: the run has ended, or a limit is passed.
        """
        if runs_in_thread(type(self)):
            raise RuntimeError(
                f"once key {key!r}: {type(self).__name__}.execute is a plain function, which runs in a thread; "
                "make it an async def, and hand work that blocks to asyncio.to_thread"
            )
        return await self._execution.once.get(key, fn)

    def emit(self, text: object, /, **fields: object) -> None:
        """Tell how far the work is: a line beside the run, which `exosphere run logs` and the dashboard show at once.

        It returns at once, never raises, and may be called from any thread. Too long a line is cut, and of too many
        some are dropped, which is told in their place.

        Args:
            text: what to tell.
            fields: text, numbers, true, false, None, by name; anything else is kept as text: `percent=40`.
        """
        self._execution.lines.emit(text, fields)

    @property
    def logger(self) -> "logging.LoggerAdapter[logging.Logger]":
        """A logger whose lines go to the log of the worker, with the ids of run and state, and are kept beside the run."""
        lines = self._execution.lines
        if lines.logger is None:
            name = type(self).__name__
            lines.logger = NodeLogger(
                logging.getLogger(f"exosphere.node.{name}"),
                {"run_id": self.run_id, "state_id": self.state_id, "node": name, "attempt": lines.attempt},
                lines,
            )
        return lines.logger


def node_errors(node: object) -> list[str]:
    """Return everything that is wrong with a node class, each error naming node, model and field."""
    if not (isinstance(node, type) and issubclass(node, BaseNode)):
        return [f"{node!r} is not a node: it must be a subclass of BaseNode"]
    name = node.__name__
    errors = [error for error in [name_error("node name", name)] if error]
    if inspect.isabstract(node):
        errors.append(f"node {name!r} has no execute method")
    for label in ("Inputs", "Outputs", "Secrets"):
        model = getattr(node, label, None)
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            errors.append(f"node {name!r}: {label} must be a pydantic BaseModel class, not {model!r}")
            continue
        for field_name, info in model.model_fields.items():
            if info.annotation is not str:
                kind = info.annotation.__name__ if isinstance(info.annotation, type) else str(info.annotation)
                errors.append(f"node {name!r}: {label}.{field_name} is {kind}; all fields must be str")
    return errors


def runs_in_thread(node: type[BaseNode]) -> bool:
    """Whether `execute` is a plain function."""
    return not inspect.iscoroutinefunction(inspect.unwrap(cast(Any, node.execute)))


def secret_names(node: type[BaseNode]) -> list[str]:
    """The secrets that a node needs."""
    return list(node.Secrets.model_fields)
