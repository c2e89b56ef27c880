"""The pause of a graph: no run of it begins. Pure."""

from exosphere_core.errors import Conflict
from exosphere_core.store.catalog import GraphHead


def refuse_paused(namespace: str, head: GraphHead) -> None:
    """Let a run of a graph begin, or not.

    Raises:
        Conflict: it is paused; the text says how to resume it.
    """
    if head.paused_at is not None:
        raise Conflict(
            f"graph {head.name!r} is paused and takes no new runs; "
            f"resume it with POST /v0/namespace/{namespace}/graph/{head.name}/resume"
        )
