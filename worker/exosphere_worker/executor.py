"""Executes a node: inputs in, outcome out. Touches no Redis and never raises, except when it is cancelled."""

import asyncio
import contextvars
import traceback
from collections.abc import Awaitable, Iterable
from concurrent.futures import Executor, thread
from functools import partial
from typing import Any

import msgspec
from pydantic import ValidationError

from exosphere_worker.node import BaseNode, Execution, is_text, runs_in_thread
from exosphere_worker.outcome import Failed, Outcome, Pruned, Requeued, Succeeded
from exosphere_worker.redaction import redacted
from exosphere_worker.signals import NonRetryableError, PruneSignal, ReQueueAfterSignal

#: How much of an error's text is kept, in characters.
KEPT_ERROR = 8_000

#: Where a traceback is still ours: the node's own frames begin after these.
_OUR_FILES = (__file__, thread.__file__)


class NodeRunner:
    """One node class, ready to run; what can be found out once is found out once."""

    def __init__(self, node: type[BaseNode], threads: Executor) -> None:
        self.node = node
        self.name = node.__name__
        self.has_secrets = bool(node.Secrets.model_fields)
        self._threads = threads
        self._in_thread = runs_in_thread(node)
        self._fields = tuple(node.Outputs.model_fields)
        self._no_secrets = None if self.has_secrets else node.Secrets()

    async def execute(
        self, inputs: bytes, secrets: dict[str, str] | None, execution: Execution, timeout_ms: int | None
    ) -> Outcome:
        """Run the node once.

        Args:
            inputs: JSON object.
            secrets: values of the secrets that the node declares.
            timeout_ms: how long it may run; None for no limit.

        Raises:
            asyncio.CancelledError: it was cancelled.
        """
        try:
            given = self.node.Inputs.model_validate_json(inputs)
            known = self._no_secrets or self.node.Secrets.model_validate(secrets or {})
        except ValidationError as bad:
            return Failed(redacted(_validation_text(self.name, bad), secrets))
        except Exception as fault:
            return Failed(_error_text(fault, secrets))
        try:
            node = self.node()
        except BaseException as fault:
            return Failed(_error_text(fault, secrets), retryable=not isinstance(fault, NonRetryableError))
        node.inputs, node.secrets, node._execution = given, known, execution
        try:
            if timeout_ms is None:
                returned = await self._call(node)
            else:
                async with asyncio.timeout(timeout_ms / 1000) as limit:
                    returned = await self._call(node)
        except PruneSignal as signal:
            return _pruned(self.name, signal)
        except ReQueueAfterSignal as signal:
            return Requeued(max(1, round(signal.delay.total_seconds() * 1000)))
        except NonRetryableError as final:
            return Failed(_error_text(final, secrets), retryable=False)
        except TimeoutError as late:
            if timeout_ms is not None and limit.expired():
                return Failed(f"timed out: {self.name} ran longer than its timeout_ms of {timeout_ms}")
            return Failed(_error_text(late, secrets))
        except asyncio.CancelledError as cancelled:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            # The node's own code raised it: that is a failure, not a wish to stop this runtime.
            return Failed(_error_text(cancelled, secrets))
        except BaseException as fault:
            # SystemExit and the like of a node must not end the worker, or every worker that takes it.
            return Failed(_error_text(fault, secrets))
        return self._judge(returned, execution)

    def _call(self, node: BaseNode) -> Awaitable[Any]:
        # Not async itself: one coroutine less for each state.
        return self._call_in_thread(node) if self._in_thread else node.execute()

    async def _call_in_thread(self, node: BaseNode) -> Any:
        context = contextvars.copy_context()
        loop = asyncio.get_running_loop()
        returned, fault = await loop.run_in_executor(self._threads, partial(context.run, _attempt, node))
        if fault is not None:
            raise fault
        return returned

    def _judge(self, returned: Any, execution: Execution) -> Outcome:
        listed = isinstance(returned, list)
        if returned is None:
            return Succeeded([{}], fanned_out=False, store=execution.writes)
        outputs: list[dict[str, str]] = []
        for result in returned if listed else (returned,):
            model = type(result)
            if model is self.node.Outputs:
                names: Iterable[str] = self._fields
            elif isinstance(result, self.node.Outputs):
                names = model.model_fields
            else:
                where = self._place(listed, len(outputs))
                return Failed(f"{where} is {model.__name__}; it must be {self.name}.Outputs, a list of it, or None")
            # Not model_dump: fields are plain strings, and this is on the path of every state.
            values: dict[str, str] = {}
            for name in names:
                value = getattr(result, name, None)
                if not isinstance(value, str):
                    where = self._place(listed, len(outputs))
                    return Failed(f"{where}: Outputs.{name} is {type(value).__name__}; it must be str")
                if not value.isascii() and not is_text(value):
                    where = self._place(listed, len(outputs))
                    return Failed(f"{where}: Outputs.{name} holds half a character (a lone surrogate); it must be text")
                values[name] = value
            outputs.append(values)
        return Succeeded(outputs, fanned_out=listed, store=execution.writes)

    def _place(self, listed: bool, position: int) -> str:
        return f"element {position} of what {self.name} returned" if listed else f"what {self.name} returned"


def _attempt(node: BaseNode) -> tuple[Any, BaseException | None]:
    # As a value: a future takes no StopIteration, and whoever waits for it would wait for ever.
    try:
        return node.execute(), None
    except BaseException as fault:
        return None, fault


def _pruned(name: str, signal: PruneSignal) -> Outcome:
    try:
        msgspec.json.encode(signal.data)
    except (TypeError, ValueError, RecursionError) as bad:
        return Failed(f"the data of the prune signal of {name} can't be spelled as JSON: {bad}")
    if not isinstance(signal.data, dict):
        return Failed(f"the data of the prune signal of {name} is {type(signal.data).__name__}; it must be a dict")
    return Pruned(signal.data)


def _validation_text(name: str, bad: ValidationError) -> str:
    faults = "; ".join(
        f"{bad.title}.{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
        for fault in bad.errors(include_url=False, include_input=False, include_context=False)
    )
    return f"the inputs or secrets of {name} do not fit its models: {faults}"


def _error_text(fault: BaseException, secrets: dict[str, str] | None) -> str:
    """The error's class and message on the first line, then where it happened. Secrets are taken out."""
    if isinstance(fault.__cause__, StopIteration):
        fault = fault.__cause__  # Python lets none out of a coroutine and puts a RuntimeError in its place
    message = _message(fault)
    text = f"{type(fault).__name__}: {message}" if message else type(fault).__name__
    frames = traceback.extract_tb(fault.__traceback__)
    while frames and frames[0].filename in _OUR_FILES:
        del frames[0]
    if frames:
        text += "\n" + "".join(traceback.format_list(frames)).rstrip()
    text = redacted(text, secrets)
    return text if len(text) <= KEPT_ERROR else text[:KEPT_ERROR] + "…"


def _message(fault: BaseException) -> str:
    try:
        # What is no text, such as a file name that is not UTF-8, must not keep the failure from being reported.
        return str(fault).encode(errors="backslashreplace").decode()
    except Exception as worse:
        return f"its message can't be read: {type(worse).__name__}"
