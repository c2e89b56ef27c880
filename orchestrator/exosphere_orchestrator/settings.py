"""Settings of the state manager and the background jobs: read once from the environment, passed down."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import Field, SecretStr, field_validator

from exosphere_orchestrator.run_settings import RedisSettings, RunSettings, read_settings

#: Scheme, host and port, and nothing else. `*` would let every site use a key that a page of it holds.
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-fA-F:]+\](:[0-9]{1,5})?")


class _ServerSettings(RedisSettings):
    """What comes first for a state manager."""

    worker_redis_url: SecretStr | None = Field(
        default=None,
        title="EXOSPHERE_WORKER_REDIS_URL",
        description="address of the same Redis as the runtimes see it, where it differs; the user and password in it are replaced",
    )
    api_key: SecretStr = Field(
        title="STATE_MANAGER_SECRET", min_length=1, description="root API key; clients send it as EXOSPHERE_API_KEY"
    )
    encryption_key: SecretStr = Field(
        title="SECRETS_ENCRYPTION_KEY",
        description="32 random bytes, URL-safe base64: encrypts graph secrets; several, separated by commas: the first encrypts, all decrypt",
    )
    host: str = Field(default="127.0.0.1", title="EXOSPHERE_HOST", description="address that the HTTP API listens on")
    port: int = Field(default=8000, ge=0, le=65535, title="EXOSPHERE_PORT", description="port of the HTTP API")
    shards: int = Field(
        default=1, ge=1, le=1024, title="EXOSPHERE_SHARDS",
        description="how many shards a namespace is split over; may grow, must not shrink while runs are pending",
    )  # fmt: skip
    lease_ms: int = Field(
        default=30_000, ge=300, title="EXOSPHERE_LEASE_MS",
        description="a state whose runtime shows no life for this long is given to another runtime",
    )  # fmt: skip
    http_lease_ms: int = Field(
        default=600_000, ge=300, title="EXOSPHERE_HTTP_LEASE_MS",
        description="the same for a state that was taken by `POST …/states/enqueue`: such a client shows life by its report alone",
    )  # fmt: skip
    max_lost_leases: int = Field(
        default=3, ge=1, title="EXOSPHERE_MAX_LOST_LEASES",
        description="a state that lost its runtime this often fails",
    )  # fmt: skip
    # Not less: what was triggered in the last seconds is triggered again when Redis may have lost it, and a run that was
    # removed meanwhile would be made anew.
    retention_ms: int = Field(
        default=30 * 24 * 3600 * 1000, ge=60_000, title="EXOSPHERE_RETENTION_MS",
        description="how long an ended run and all that belongs to it is kept, at least a minute",
    )  # fmt: skip


class Settings(RunSettings, _ServerSettings):
    """Each field is set by the environment variable that its title names."""

    body_timeout_ms: int = Field(
        default=30_000, ge=100, title="EXOSPHERE_BODY_TIMEOUT_MS",
        description="a request whose body has not come whole after this time is refused (408)",
    )  # fmt: skip
    key_requests_per_second: int = Field(
        default=1000, ge=0, le=1_000_000, title="EXOSPHERE_KEY_REQUESTS_PER_SECOND",
        description="most requests a second with one created API key, at all state managers together (429); the root key may make any number; 0 for any number",
    )  # fmt: skip
    cors_origins: str = Field(
        default="", title="EXOSPHERE_CORS_ORIGINS",
        description="sites whose pages may call the API from a browser, as https://host:port, separated by commas; none by default",
    )  # fmt: skip
    max_nodes: int = Field(default=1000, ge=1, title="EXOSPHERE_MAX_NODES", description="most nodes in a graph")
    max_catchup: int = Field(
        default=100, ge=1, le=1000, title="EXOSPHERE_MAX_CATCHUP",
        description="most missed due times of a schedule with catchup `all` that fire late; the newest ones do",
    )  # fmt: skip
    audit_retention_ms: int = Field(
        default=90 * 24 * 3600 * 1000, ge=60_000, title="EXOSPHERE_AUDIT_RETENTION_MS",
        description="how long the audit log keeps an entry",
    )  # fmt: skip
    audit_max_entries: int = Field(
        default=100_000, ge=100, title="EXOSPHERE_AUDIT_MAX_ENTRIES",
        description="most entries of the audit log of a namespace, roughly; the oldest go first",
    )  # fmt: skip
    max_watchers: int = Field(
        default=1000, ge=1, title="EXOSPHERE_MAX_WATCHERS",
        description="most event streams that one state manager serves at a time; one more is refused (429)",
    )  # fmt: skip
    max_watch_ms: int = Field(
        default=3_600_000, ge=1, title="EXOSPHERE_MAX_WATCH_MS",
        description="how long an event stream lasts at most; who watches on comes again with `Last-Event-ID`",
    )  # fmt: skip
    keep_events_ms: int = Field(
        default=3_600_000, ge=60_000, title="EXOSPHERE_KEEP_EVENTS_MS",
        description="how long the events of a run are kept and written after the last one who watched it went away",
    )  # fmt: skip
    run_log_level: str = Field(
        default="INFO", title="EXOSPHERE_RUN_LOG_LEVEL", pattern="^(DEBUG|INFO|WARNING|ERROR|CRITICAL|OFF)$",
        description="least grave lines of nodes (`self.logger`; `self.emit` counts as INFO) that are kept beside their run; OFF for none",
    )  # fmt: skip
    run_log_lines: int = Field(
        default=10_000, ge=1, le=1_000_000, title="EXOSPHERE_RUN_LOG_LINES",
        description="most lines that are kept of a run; the oldest go first",
    )  # fmt: skip
    run_log_bytes: int = Field(
        default=4 * 1024 * 1024, ge=262_144, title="EXOSPHERE_RUN_LOG_BYTES",
        description="the same in bytes, as JSON",
    )  # fmt: skip
    run_log_line_bytes: int = Field(
        default=8192, ge=256, le=65_536, title="EXOSPHERE_RUN_LOG_LINE_BYTES",
        description="longest text of a line, and longest fields of it together; what is longer is cut",
    )  # fmt: skip
    run_log_attempt_lines: int = Field(
        default=1000, ge=1, title="EXOSPHERE_RUN_LOG_ATTEMPT_LINES",
        description="most lines that a runtime sends of one execution of a state; how many it dropped is told in the end",
    )  # fmt: skip
    run_log_attempt_bytes: int = Field(
        default=1024 * 1024, ge=1024, title="EXOSPHERE_RUN_LOG_ATTEMPT_BYTES",
        description="the same in bytes",
    )  # fmt: skip
    run_log_lines_per_second: int = Field(
        default=500, ge=1, le=100_000, title="EXOSPHERE_RUN_LOG_LINES_PER_SECOND",
        description="most lines a second that one runtime sends of all its states; further ones are dropped",
    )  # fmt: skip
    log_level: str = Field(
        default="INFO", title="EXOSPHERE_LOG_LEVEL", pattern="^(DEBUG|INFO|WARNING|ERROR|CRITICAL)$",
        description="DEBUG, INFO, WARNING, ERROR or CRITICAL",
    )  # fmt: skip
    log_format: str = Field(
        default="text",
        title="EXOSPHERE_LOG_FORMAT",
        pattern="^(text|json)$",
        description="text or json: one object a line",
    )

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, text: str) -> str:
        for origin in _split(text):
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(
                    f"{origin[:60]!r} is no origin; it must look like https://example.org or http://localhost:3000"
                )
        return text

    @property
    def origins(self) -> list[str]:
        """The sites whose pages may call the API."""
        return _split(self.cors_origins)


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def load_settings(environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Read the settings; see `read_settings`."""
    return read_settings(Settings, environ, **overrides)
