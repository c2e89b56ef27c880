"""Validating a graph without storing it: body and call."""

from typing import Final

from pydantic import BaseModel, Field

from exosphere_core.api.catalog import UpsertGraphRequest
from exosphere_core.api.row import NAMESPACE, Row
from exosphere_core.roles import Role


class ValidateGraphResponse(BaseModel):
    """What an upsert of this graph would come to now."""

    valid: bool = Field(description="whether it would be stored, and could run with the nodes that are registered")
    errors: list[str] = Field(description="everything wrong with it, each with the node and field")


VALIDATE_GRAPH: Final = Row(
    "validate_graph", "POST", f"{NAMESPACE}/graph/{{graph_name}}/validate", "Validate a graph; nothing is stored",
    ValidateGraphResponse, UpsertGraphRequest, errors=(400,), role=Role.VIEWER, audited=False,
)  # fmt: skip


__all__ = ["VALIDATE_GRAPH", "ValidateGraphResponse"]
