"""A whole graph in one process: what comes of it, and in which virtual time."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import fakeredis
import pytest
from pydantic import BaseModel

from exosphere_core.errors import BadRequest, ConfigurationError, InvalidGraph
from exosphere_core.store.connection import Redis, connect
from exospherehost import BaseNode
from exospherehost.testing import GraphResult, play, run_graph, run_graph_async
from kit.nodes import ABROAD, WORDS, Flaky, Patient, Pay, Shout, Split, alone, graph_node

NODES = [Split, Shout]


def test_a_fan_out_is_joined_again() -> None:
    run = run_graph(WORDS, NODES)
    assert run.succeeded, run
    assert run.all_outputs("shout") == [{"word": "NEVER"}, {"word": "LOSE"}, {"word": "WORK"}]
    assert run.outputs("all")["word"].startswith("JOINED ")
    assert run.states("split")[0].inputs == {"text": "never lose work"}
    assert [state.identifier for state in run.states()].count("split") == 3, "one for each output"
    assert run.store["last"].startswith("joined ")
    assert run.elapsed == timedelta(0)


def test_inputs_of_the_trigger_replace_those_of_the_root() -> None:
    run = run_graph(WORDS, NODES, inputs={"text": "say hush"})
    assert run.succeeded
    assert [state.status for state in run.states("shout")] == ["SUCCESS", "PRUNED"]
    assert run.states("shout")[1].data == {"why": "not to be said"}


def test_retries_of_hours_pass_at_once() -> None:
    policy = {"strategy": "FIXED", "backoff_factor": 7_200_000, "max_retries": 3}
    run = run_graph(alone("Flaky"), [Flaky], retry_policy=policy)
    assert run.outputs("flaky") == {"retries": "3"}
    assert [state.retry_count for state in run.states("flaky")] == [0, 1, 2, 3]
    assert run.elapsed == timedelta(hours=6)


def test_requeues_of_hours_and_a_delay_pass_at_once() -> None:
    Patient.calls = 0
    run = run_graph(alone("Patient"), [Patient], start_delay=1_800_000)
    state = run.state("patient")
    assert state.outputs == {"times": "3"}
    assert (state.attempts, state.executions, state.retry_count) == (3, 3, 0)
    assert run.elapsed == timedelta(hours=2, minutes=30)


def test_a_failure_is_told_with_its_error() -> None:
    run = run_graph(alone("Flaky"), [Flaky], retry_policy={"max_retries": 1, "backoff_factor": 1})
    assert run.status == "FAILED"
    assert run.errors["flaky"].startswith("ConnectionError: try 1")
    assert "flaky ERRORED, retry 1: ConnectionError: try 1" in repr(run)
    with pytest.raises(AssertionError, match="node 'flaky' has no outputs: <flaky ERRORED"):
        run.outputs("flaky")
    with pytest.raises(AssertionError, match="node 'nobody' has no state; there are states of flaky"):
        run.state("nobody")


def test_several_branches_are_not_taken_for_one() -> None:
    run = run_graph(WORDS, NODES)
    with pytest.raises(AssertionError, match=r"node 'shout' has 3 states: look at `states\('shout'\)`"):
        run.state("shout")


def test_nodes_of_another_namespace_are_reached() -> None:
    here, abroad = run_graph(WORDS, NODES), run_graph(ABROAD, NODES)
    assert abroad.summary() == here.summary()


def test_secrets_and_store_reach_the_node() -> None:
    Pay.pays = staticmethod(lambda key, token: f"paid with {token}")
    run = run_graph(alone("Pay"), [Pay], secrets={"token": "abcd"}, store={"cursor": "3"})
    assert run.outputs("pay") == {"receipt": "paid with abcd"}
    assert run.store == {"cursor": "3"}


def test_a_graph_may_be_the_body_of_an_upsert_or_a_file(tmp_path: Path) -> None:
    nodes = [node.model_dump(mode="json", exclude_none=True) for node in WORDS]
    body = {"name": "words", "nodes": nodes}
    (tmp_path / "words.json").write_text(json.dumps(body))
    expected = run_graph(WORDS, NODES).summary()
    assert run_graph(body, NODES).summary() == expected
    assert run_graph(tmp_path / "words.json", NODES).summary() == expected
    with pytest.raises(ConfigurationError, match=r"none\.json can't be read"):
        run_graph(str(tmp_path / "none.json"), NODES)


def test_what_is_wrong_is_told_as_the_state_manager_tells_it() -> None:
    with pytest.raises(InvalidGraph, match="next_nodes"):
        run_graph([graph_node("Split", "split", "nowhere", inputs={"text": "a"})], NODES)
    with pytest.raises(InvalidGraph, match="Shout"):
        run_graph(WORDS, [Split])
    with pytest.raises(InvalidGraph, match="token"):
        run_graph(alone("Pay"), [Pay])
    with pytest.raises(BadRequest, match="declares no input 'txt'"):
        run_graph(WORDS, NODES, inputs={"txt": "a"})
    with pytest.raises(BadRequest, match="node 'Split' is given twice"):
        run_graph(WORDS, [Split, Split])


def test_a_run_without_an_end_is_given_up() -> None:
    Patient.calls = -1_000
    with pytest.raises(AssertionError, match="has not ended after 10 executions"):
        run_graph(alone("Patient"), [Patient], most_executions=10)


class Clerk(BaseNode):
    """Has a fake Redis of its own, as users' code under test may."""

    class Outputs(BaseModel):
        seconds: str

    async def execute(self) -> Outputs:
        async with fakeredis.FakeAsyncRedis() as own:
            seconds, _ = await own.time()
        return self.Outputs(seconds=str(seconds))


def test_a_fake_redis_of_a_node_keeps_the_real_time() -> None:
    before = time.time()
    run = run_graph(alone("Clerk"), [Clerk], start_delay=3_600_000)
    assert int(before) <= int(run.outputs("clerk")["seconds"]) <= time.time()


def test_graphs_run_side_by_side_in_one_loop() -> None:
    async def scene() -> list[GraphResult]:
        with pytest.raises(RuntimeError, match=r"await run_graph_async\(…\)"):
            run_graph(WORDS, NODES)
        texts = ["a b", "c d e", "f"]
        return list(await asyncio.gather(*(run_graph_async(WORDS, NODES, inputs={"text": text}) for text in texts)))

    runs = asyncio.run(scene())
    assert [len(run.states("shout")) for run in runs] == [2, 3, 1]
    assert len({run.run_id for run in runs}) == 3


@pytest.mark.parametrize("graph", [WORDS, ABROAD], ids=["words", "abroad"])
def test_a_real_redis_comes_to_the_same(graph: list[Any], redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = run_graph(graph, NODES).summary()

    @asynccontextmanager
    async def real_redis() -> AsyncIterator[Redis]:
        redis = connect(redis_url)
        await redis.flushall()
        yield redis
        await redis.aclose()

    monkeypatch.setattr(play, "fake_redis", real_redis)
    assert run_graph(graph, NODES).summary() == expected
