"""The settings that are in force: bodies and call."""

from typing import Final

from pydantic import BaseModel, Field

from exosphere_core.api.row import VERSION, Row
from exosphere_core.roles import Role


class SettingBody(BaseModel):
    """A setting of the state manager that answers."""

    name: str = Field(description="the environment variable that sets it")
    value: str | None = Field(
        description="what holds; of a secret '(set)', of an address without its password; null when it is not set"
    )
    default: str | None = Field(description="what holds where nothing is set; null when there is no such thing")
    description: str
    secret: bool = Field(description="whether its value is never shown")


class SettingsResponse(BaseModel):
    """All settings, in the order of the documentation."""

    settings: list[SettingBody]


LIST_SETTINGS: Final = Row(
    "list_settings", "GET", f"/{VERSION}/settings", "List the settings in force of the state manager that answers",
    SettingsResponse, role=Role.ADMIN,
)  # fmt: skip


__all__ = ["LIST_SETTINGS", "SettingBody", "SettingsResponse"]
