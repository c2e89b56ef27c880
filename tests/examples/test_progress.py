import io

from rich.console import Console

from examples.dev_process import environment_for_loopback, last_words
from examples.stdlib_report.command import seconds_of
from examples.stdlib_report.progress import Lines, shown_progress


def run(**nodes: tuple[int, int]) -> dict[str, object]:
    """identifier=(ended, total)"""
    return {
        "nodes": [
            {"identifier": name, "total": total, "pending": total - ended} for name, (ended, total) in nodes.items()
        ]
    }


def test_a_line_is_said_at_each_quarter_of_a_node() -> None:
    said: list[str] = []
    lines = Lines(said.append)
    for ended in (0, 1, 10, 25, 26, 49, 80, 80, 100):
        lines.show(run(analyse=(ended, 100), report=(0, 0)))
    assert said == ["  analyse: 25 of 100", "  analyse: 80 of 100", "  analyse: 100 of 100"]


def test_without_a_terminal_plain_lines_are_written() -> None:
    written = io.StringIO()
    with shown_progress(Console(file=written, force_terminal=False)) as show:
        show(run(list=(3, 3)))
    assert written.getvalue() == "  list: 3 of 3\n"


def test_a_terminal_gets_a_bar_a_node() -> None:
    written = io.StringIO()
    with shown_progress(Console(file=written, force_terminal=True, width=100)) as show:
        show(run(list=(3, 3), report=(0, 0)))
        show(run(list=(3, 3), report=(1, 1)))
    assert "3/3" in written.getvalue()
    assert "1/1" in written.getvalue()


def test_the_time_of_a_run_is_that_of_its_record_and_never_nought() -> None:
    times = {"created_at": "2026-01-01T00:00:00.500Z", "ended_at": "2026-01-01T00:00:02.000Z"}
    assert seconds_of(times) == 1.5
    assert seconds_of({**times, "ended_at": times["created_at"]}) > 0


def test_the_last_error_of_a_log_is_its_reason() -> None:
    assert last_words("starting\nerror: port 80 is taken\nbye\n") == "port 80 is taken"
    assert last_words("server | error: first\nserver | error: second\n") == "second"
    assert last_words("starting\n  gone  \n\n") == "gone"
    assert last_words("") == ""


def test_the_loopback_address_is_excepted_from_a_proxy() -> None:
    assert environment_for_loopback({"NO_PROXY": "intern"})["NO_PROXY"] == "intern,127.0.0.1"
    assert environment_for_loopback({})["no_proxy"] == "127.0.0.1"
