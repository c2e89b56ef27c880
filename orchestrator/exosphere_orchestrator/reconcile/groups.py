"""Consumer groups that are gone, made again."""

from collections.abc import Sequence

from exosphere_core.keys import STATE_MANAGERS_GROUP
from exosphere_core.store import streams, survey
from exosphere_orchestrator.reconcile.desk import Desk
from exosphere_orchestrator.reconcile.mend import Kind


async def ensure(desk: Desk, stream_keys: Sequence[str], group: str) -> None:
    """Make groups that are gone. Each stream is looked at once a sweep.

    A report stream's group begins at the first entry: a report that is applied again changes nothing. A ready stream's
    begins at the end: an entry may be in the hands of a runtime, so its state is restored under a new attempt number.
    """
    asked = [key for key in dict.fromkeys(stream_keys) if key not in desk.queues]
    desk.queues.update(asked)
    start = "0" if group == STATE_MANAGERS_GROUP else "$"
    missing = await streams.without_group(desk.redis, asked, group)
    # A stream that nothing was ever put on is about to be made by whoever registers its node.
    had_entries = await survey.existing(desk.redis, missing)
    for key, exists in zip(missing, had_entries, strict=True):
        if await streams.make_group(desk.redis, key, group, start) and exists:
            desk.journal.note(Kind.GROUP, desk.home, key)
