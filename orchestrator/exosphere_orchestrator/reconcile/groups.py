"""Consumer groups that are gone."""

from collections.abc import Sequence

from exosphere_core.store.groups import ensure_groups
from exosphere_orchestrator.reconcile.desk import Desk
from exosphere_orchestrator.reconcile.mend import Kind


async def ensure(desk: Desk, stream_keys: Sequence[str], group: str) -> None:
    """Make groups that are gone. Each stream is looked at once a sweep; the states before a ready stream's group are lost."""
    asked = [key for key in dict.fromkeys(stream_keys) if key not in desk.queues]
    desk.queues.update(asked)
    # A stream that nothing was ever put on is about to be made by whoever registers its node: nothing is mended there.
    for key in await ensure_groups(desk.redis, asked, group):
        desk.journal.note(Kind.GROUP, desk.home, key)
