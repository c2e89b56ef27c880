"""What nobody could apply, put aside for an operator: bodies and call."""

from typing import Final

from pydantic import BaseModel, Field

from exosphere_core.api.row import NAMESPACE, Row


class RejectedEntry(BaseModel):
    """An entry that was put aside."""

    id: str = Field(description="of the record of it; stands in time order")
    time: str
    entry: str = Field(
        description="id of the entry that was put aside; of a state that waited for its time, the state's"
    )
    reason: str
    fields: dict[str, str] = Field(description="of the entry, as text; long ones are cut")


class RejectedResponse(BaseModel):
    """A page of what was put aside in a namespace, newest first."""

    namespace: str
    total: int = Field(description="how many are kept; the oldest go first")
    rejected: list[RejectedEntry]


#: Ids of the list, as `before` takes them.
PLACE_PATTERN: Final = "^[0-9]{1,18}-[0-9]{1,18}-[0-9]{1,4}$"

LIST_REJECTED: Final = Row(
    "list_rejected", "GET", f"{NAMESPACE}/rejected", "List what could not be applied and was put aside, newest first",
    RejectedResponse, errors=(400,),
    query={"before": "only what stands before the one with this id", "limit": "how many at most, up to 200"},
)  # fmt: skip


__all__ = ["LIST_REJECTED", "PLACE_PATTERN", "RejectedEntry", "RejectedResponse"]
