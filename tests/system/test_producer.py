"""A program triggers straight in Redis, with real processes: no state manager has to be up when it does."""

import pytest

from exospherehost import blocking
from system.stack import NAMESPACE, Stack, spread_work_gather, wait_for


def test_a_run_that_was_triggered_while_no_state_manager_was_up_begins_at_once_and_ends_when_one_comes(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXOSPHERE_REDIS_URL", stack.environ["EXOSPHERE_REDIS_URL"])
    stack.state_manager()
    stack.runtime()
    stack.graph("one", {"node_name": "Work", "identifier": "work", "inputs": {"value": "0"}})
    stack.graph("wide", *spread_work_gather(7))
    with blocking.Producer(NAMESPACE) as producer:
        wide = producer.trigger("wide", {"width": "9"})["run_id"]
        ended = stack.wait_run(wide)
        assert (ended["status"], ended["success_count"]) == ("SUCCESS", 9 + 9 + 1)
        assert len(stack.ledger_lines()) == 9
        stack.kill("sm")
        one = producer.trigger("one", {"value": "mine"})["run_id"]
        wait_for("its root was executed", lambda: len(stack.ledger_lines()) == 10)
    uri = stack.state_manager("another")
    ended = stack.wait_run(one, uri)
    assert (ended["status"], ended["success_count"]) == ("SUCCESS", 1)
