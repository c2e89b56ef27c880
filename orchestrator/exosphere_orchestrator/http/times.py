"""Times, as the API spells them and as the records hold them."""

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime.fromtimestamp(0, UTC)
_MS: Final = timedelta(milliseconds=1)


def iso(unix_ms: int) -> str:
    """Spell a time of the records as ISO 8601 in UTC."""
    return datetime.fromtimestamp(unix_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def unix_ms(moment: datetime) -> int:
    """Return the ms that a time with its zone falls into; 0 for one before 1970."""
    return max(0, (moment - _EPOCH) // _MS)
