"""What docs/security.md must say about roles: `python tests/api/security_page.py` prints its table."""

from exosphere_core.api import NAMESPACE, ROWS, Row
from exosphere_core.roles import Role

HEAD = f"| call | {' | '.join(Role)} |\n|---|{'---|' * len(Role)}\n"


def line_of(row: Row) -> str:
    """The line of one call."""
    marks = ("yes" if row.permits(role) else "" for role in Role)
    return f"| `{row.method} {row.path.replace(NAMESPACE, '…')}` | {' | '.join(marks)} |\n"


def roles_table() -> str:
    """The table of all calls that need a key, in the order of the rows."""
    return HEAD + "".join(line_of(row) for row in ROWS if row.keyed)


if __name__ == "__main__":
    print(roles_table(), end="")
