"""Whose key a call comes with: body and call."""

from typing import Final

from pydantic import BaseModel, Field

from exosphere_core.api.row import VERSION, Row
from exosphere_core.roles import Role


class WhoAmIResponse(BaseModel):
    """What the API key of this call is good for."""

    key_id: str = Field(description="id of the key, or 'root'")
    role: Role
    namespace: str = Field(description="'*' for all namespaces")
    time: str = Field(description="what the clock of Redis says, which all times of the API come from")


WHOAMI: Final = Row(
    "whoami", "GET", f"/{VERSION}/whoami", "Tell what this API key is good for",
    WhoAmIResponse, role=Role.VIEWER, also=Role.RUNTIME, narrows=True,
)  # fmt: skip


__all__ = ["WHOAMI", "WhoAmIResponse"]
