"""Settings of whoever makes runs: where Redis is, what a run may have, when none is let in, and when one counts as made. The
state managers, the background jobs and producers read the same ones.
"""

import os
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from exosphere_core.errors import ConfigurationError


class RedisSettings(BaseModel):
    """Each field is set by the environment variable that its title names."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    redis_url: SecretStr = Field(
        title="EXOSPHERE_REDIS_URL",
        description="Redis or Valkey that holds all records: redis://, unix://, redis+sentinel:// or redis+cluster://, with TLS rediss…, password included",
    )


class RunSettings(RedisSettings):
    """What holds for every new run, whoever makes it."""

    max_body_bytes: int = Field(
        default=16 * 1024 * 1024,
        ge=1024,
        title="EXOSPHERE_MAX_BODY_BYTES",
        description="largest body of an HTTP request",
    )
    max_json_depth: int = Field(
        # Answers can't be nested deeper than 255: what was taken must be told again.
        default=100, ge=1, le=200, title="EXOSPHERE_MAX_JSON_DEPTH",
        description="how deep lists and objects of a request's body, and of a prune signal's data, may be nested",
    )  # fmt: skip
    max_fan_out: int = Field(
        default=100_000, ge=1, title="EXOSPHERE_MAX_FAN_OUT", description="most outputs that one state may return"
    )
    max_fields: int = Field(
        default=1000, ge=1, le=100_000, title="EXOSPHERE_MAX_FIELDS",
        description="most inputs of a node or a trigger, fields of one output, and secrets of a graph or node",
    )  # fmt: skip
    max_store_keys: int = Field(
        default=1000, ge=1, le=100_000, title="EXOSPHERE_MAX_STORE_KEYS",
        description="most store keys of a graph, of a new run, and of what one report writes",
    )  # fmt: skip
    max_store_bytes: int = Field(
        default=4 * 1024 * 1024, ge=1024, title="EXOSPHERE_MAX_STORE_BYTES",
        description="largest store of the same, keys and values together",
    )  # fmt: skip
    max_error_bytes: int = Field(
        default=65_536, ge=256, title="EXOSPHERE_MAX_ERROR_BYTES",
        description="longest error text of a state; a runtime's longer one is cut, one that comes over HTTP is refused (413)",
    )  # fmt: skip
    max_value_bytes: int = Field(
        default=64 * 1024 * 1024, ge=1024, title="EXOSPHERE_MAX_VALUE_BYTES",
        description="largest inputs of one state, or one result of `self.once`, as JSON",
    )  # fmt: skip
    max_report_bytes: int = Field(
        default=64 * 1024 * 1024, ge=1024, title="EXOSPHERE_MAX_REPORT_BYTES",
        description="largest report of a state: its outputs (of a fan-out, all of them) and store writes, as JSON; one that gives more fails",
    )  # fmt: skip
    max_queued: int = Field(
        default=1_000_000, ge=0, title="EXOSPHERE_MAX_QUEUED",
        description="triggers are refused (429) while so many states wait or run at the root's node, or so many runs are pending, "
        "in a shard of a namespace; 0 for any number",
    )  # fmt: skip
    max_memory_percent: int = Field(
        default=80, ge=1, le=100, title="EXOSPHERE_MAX_MEMORY_PERCENT",
        description="triggers are refused (429) while Redis uses more than this part of its maxmemory, in percent",
    )  # fmt: skip
    max_memory_bytes: int | None = Field(
        default=None, ge=1, title="EXOSPHERE_MAX_MEMORY_BYTES",
        description="the same as a number, for a Redis without maxmemory, or below the percentage of it",
    )  # fmt: skip
    trigger_replicas: int = Field(
        default=0, ge=0, le=100, title="EXOSPHERE_TRIGGER_REPLICAS",
        description="a trigger is answered when so many replicas of Redis have its run (WAIT)",
    )  # fmt: skip
    trigger_fsync: bool = Field(
        default=False, title="EXOSPHERE_TRIGGER_FSYNC",
        description="true: a trigger is answered when its run is on the disk of Redis (WAITAOF; Redis 7.2 or later, with appendonly yes)",
    )  # fmt: skip
    trigger_wait_ms: int = Field(
        default=2000, ge=1, le=4000, title="EXOSPHERE_TRIGGER_WAIT_MS",
        description="how long a trigger waits for each of the two before it is answered 503",
    )  # fmt: skip


Model = TypeVar("Model", bound=BaseModel)


def read_settings(model: type[Model], environ: Mapping[str, str] | None = None, **overrides: Any) -> Model:
    """Read settings.

    Args:
        environ: where to read; the process's environment if left out.
        overrides: fields that a flag gave; None counts as not given.

    Raises:
        ConfigurationError: names each variable that is missing or wrong, never its value.
    """
    source = os.environ if environ is None else environ
    values: dict[str, Any] = {
        name: source[field.title]
        for name, field in model.model_fields.items()
        if field.title and source.get(field.title, "") != ""
    }
    values.update({name: value for name, value in overrides.items() if value is not None})
    try:
        return model.model_validate(values)
    except ValidationError as refused:
        lines = []
        for error in refused.errors(include_url=False, include_input=False):
            field = model.model_fields.get(str(error["loc"][0])) if error["loc"] else None
            variable = field.title if field and field.title else ".".join(map(str, error["loc"]))
            if error["type"] == "missing":
                lines.append(f"{variable} is not set ({field.description if field else ''})")
            else:
                lines.append(f"{variable}: {error['msg']}")
        raise ConfigurationError("; ".join(lines)) from None
