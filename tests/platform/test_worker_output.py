"""What the processes of a pool print is passed on; only a refusal is held back until it is known who says it."""

from exosphere_cli.worker_output import WorkerOutput


def test_lines_are_passed_on_as_they_come() -> None:
    shown: list[str] = []
    output = WorkerOutput(shown.append)
    output.show("a line")
    output.show("  error: within it")
    assert shown == ["a line", "  error: within it"]


def test_an_error_line_of_a_process_that_goes_on_is_shown_with_all_that_follows_in_order() -> None:
    shown: list[str] = []
    output = WorkerOutput(shown.append)
    output.show("error: printed by a node")
    output.show("more")
    output.look()
    assert shown == []
    output.flush()
    output.show("later")
    assert shown == ["error: printed by a node", "more", "later"]


def test_a_refusal_is_taken_whole_and_shown_by_no_process_that_repeats_it() -> None:
    shown: list[str] = []
    first, second, other = (WorkerOutput(shown.append) for _ in range(3))
    for output in (first, second):
        output.show("error: workers must be at least 1")
        output.show("a node has no name")
    other.show("error: the disk is full")
    refusal = first.take_refusal()
    assert refusal == "workers must be at least 1\na node has no name"
    for output in (first, second, other):
        output.flush(refusal)
    assert shown == ["error: the disk is full"]
    assert first.take_refusal() == ""
