"""What the check says of one place of a project."""

from collections.abc import Sequence
from enum import StrEnum

from pydantic import BaseModel


class Verdict(StrEnum):
    """What becomes of a place. The order is that of urgency."""

    CHANGE = "change"  #: it does not work here as it is
    DIFFERS = "differs"  #: it works, and behaves otherwise
    SAME = "same"  #: it works unchanged


class Finding(BaseModel):
    """One place.

    Attributes:
        file: path as the project was named, or the address of a server.
        line: from 1; 0 where the whole is meant.
        rule: the name of what was found, the same for all places of its kind.
        detail: what there is, and what it means here.
        fix: what to do; empty where nothing is.
    """

    verdict: Verdict
    file: str
    line: int
    rule: str
    detail: str
    fix: str = ""


def in_order(findings: Sequence[Finding]) -> list[Finding]:
    """Return each finding once: by urgency, then by place."""
    urgency = list(Verdict)
    once = {tuple(one.model_dump().values()): one for one in findings}.values()
    return sorted(once, key=lambda one: (urgency.index(one.verdict), one.file, one.line, one.rule))
