"""`exosphere rejected list`, against a state manager that answers what the test says."""

from typing import Any

from exosphere_core.api import RejectedEntry, RejectedResponse

PATH = "GET /v0/namespace/default/rejected"
TIME = "2026-01-02T03:04:05.678Z"


def page(*entries: RejectedEntry, total: int) -> dict[str, Any]:
    return RejectedResponse(namespace="default", total=total, rejected=list(entries)).model_dump(mode="json")


def entry(number: int, **fields: str) -> RejectedEntry:
    return RejectedEntry(id=f"{number}-0-0", time=TIME, entry="1-0", reason="there is no such state", fields=fields)


def test_entries_are_listed_with_reason_and_fields_and_how_to_see_more(exosphere: Any, state_manager: Any) -> None:
    state_manager.answer(PATH, page(entry(2, kind="executed", body="x" * 100), entry(1, raw="a\n\x1bb"), total=5))
    code, output, notes = exosphere("rejected", "list", "--limit", "2")
    assert code == 0
    heading, first, second = output.splitlines()
    assert heading.split() == ["ID", "TIME", "REASON", "ENTRY"]
    assert first.split() == [
        "2-0-0", "2026-01-02T03:04:05Z", *["there", "is", "no", "such", "state"], "kind=executed", "body=" + "x" * 80 + "…",
    ]  # fmt: skip
    assert "\x1b" not in second
    assert notes == "5 in all; more with --before 1-0-0\n"


def test_nothing_rejected_is_said_in_one_line(exosphere: Any, state_manager: Any) -> None:
    state_manager.answer(PATH, page(total=0))
    code, output, notes = exosphere("rejected", "list")
    assert (code, output, notes) == (0, "", "nothing was rejected in namespace 'default'\n")
