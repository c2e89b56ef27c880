"""What the background jobs tell of themselves."""

import asyncio
import http.client
import json
import signal
import socket
import sys
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from background.desk import Desk, Lane
from exosphere_core.keys import ShardKeys
from exosphere_orchestrator.background.repair import Repair
from exosphere_orchestrator.background.vitals import Vitals
from exosphere_orchestrator.reconcile.mend import Journal, Kind
from exosphere_orchestrator.reconcile.reconciler import Reconciler
from ports import free_port
from system.own_redis import OwnRedis
from system.stack import Stack, wait_for

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def parsed(text: str) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def told(vitals: Vitals) -> Samples:
    return parsed(asyncio.run(vitals.answers()["/metrics"]()).content.decode())


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples[f"exosphere_background_{name}", frozenset(labels.items())]


def test_who_reached_redis_a_while_ago_is_not_alive_and_says_since_when() -> None:
    vitals = Vitals()
    assert vitals.health(0.0, 60.0)["detail"] == "Redis was not reached for 60 s: last never"
    vitals.note_reached()
    reached = monotonic()
    assert vitals.health(reached + 30.0, 60.0)["alive"]
    late = vitals.health(reached + 7200.0, 60.0)
    assert not late["alive"]
    assert str(late["detail"]).startswith("Redis was not reached for 60 s: last 7")


def test_jobs_are_told_before_they_run_and_by_how_they_end() -> None:
    vitals = Vitals()
    vitals.know("sweep")
    samples = told(vitals)
    assert [value(samples, "jobs_total", duty="sweep", result=result) for result in ("succeeded", "failed")] == [0, 0]
    assert ("exosphere_background_last_success_seconds", frozenset({("duty", "sweep")})) not in samples
    with vitals.running("sweep"):
        pass
    with pytest.raises(KeyError), vitals.running("sweep"):
        raise KeyError
    vitals.note_done("sweep", 7)
    samples = told(vitals)
    assert [value(samples, "jobs_total", duty="sweep", result=result) for result in ("succeeded", "failed")] == [1, 1]
    assert value(samples, "job_seconds_count", duty="sweep") == 2
    assert value(samples, "done_total", duty="sweep") == 7
    assert value(samples, "last_success_seconds", duty="sweep") >= 0
    assert value(samples, "alive") == 1


def test_each_kind_of_mend_is_told_from_the_start_and_counted_by_what_was_put_right() -> None:
    found: Samples = {}

    async def scene(desk: Desk) -> None:
        await desk.register()
        await desk.graph()
        await desk.jobs.runs.trigger("ns", "g", {}, {}, 0)
        # What a lost second may leave behind: a state that is in no queue, and a run in no index.
        await desk.redis.delete(ShardKeys("ns").ready("A"), ShardKeys("ns").runs)
        jobs = desk.jobs
        found.update(parsed((await jobs.vitals.answers()["/metrics"]()).content.decode()))
        assert {value(found, "mended_total", kind=kind.name.lower()) for kind in Kind} == {0}
        repair = Repair(Reconciler(desk.redis, 1, 1_000_000))
        assert await repair.reconcile_all(jobs) > 0
        assert await repair.reconcile_all(jobs) >= 0
        found.update(parsed((await jobs.vitals.answers()["/metrics"]()).content.decode()))

    Lane(None).run(scene)
    assert value(found, "mended_total", kind="restored") == 1
    assert value(found, "mended_total", kind="index") == 1
    assert value(found, "unmended") == 0


def test_a_sweep_that_is_given_up_is_counted_as_far_as_it_had_come() -> None:
    class GivenUp:
        async def sweep_all(self, *, journal: Journal) -> Journal:
            journal.note(Kind.LIST, ShardKeys("ns"), "run")
            raise TimeoutError

    async def scene(desk: Desk) -> None:
        reconciler: Any = GivenUp()
        with pytest.raises(TimeoutError):
            await Repair(reconciler).reconcile_all(desk.jobs)
        text = (await desk.jobs.vitals.answers()["/metrics"]()).content.decode()
        assert value(parsed(text), "mended_total", kind="list") == 1

    Lane(None).run(scene)


def got(port: int, path: str) -> tuple[int, str]:
    """Status and content; (0, "") while nobody answers."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        client.request("GET", path)
        answer = client.getresponse()
        return answer.status, answer.read().decode()
    except OSError:
        return 0, ""
    finally:
        client.close()


def start(stack: Stack, *options: str, **environ: str) -> None:
    command = [sys.executable, "-P", "-m", "exosphere_cli.main", "background", *options]
    stack.start("bg", command, **environ)


def test_the_command_answers_for_its_health_and_tells_its_jobs_also_while_redis_is_away(tmp_path: Path) -> None:
    stack = Stack(f"unix://{tmp_path / 'redis.sock'}", tmp_path)
    try:
        redis = OwnRedis(stack, tmp_path)
        redis.start()
        port = free_port()
        start(stack, "--health-port", str(port), EXOSPHERE_HEALTH_AGE_MS="5001")
        wait_for("it is alive", lambda: got(port, "/health")[0] == 200)

        def succeeded(job: str) -> float:
            samples = parsed(got(port, "/metrics")[1])
            return value(samples, "jobs_total", duty=job, result="succeeded")

        wait_for("it fired what was due, and looked at everything", lambda: succeeded("reconcile_all"))
        assert succeeded("fire_due_schedules") >= 1
        assert succeeded("trim_audit") == 0
        assert got(port, "/nothing")[0] == 404
        stack.kill("redis")
        status, text = wait_for("it is not alive", lambda: (answer := got(port, "/health"))[0] == 503 and answer)
        assert json.loads(text)["detail"].startswith("Redis was not reached for 5.001 s: last ")
        assert value(parsed(got(port, "/metrics")[1]), "alive") == 0
        assert status == 503
        stack.signal("bg", signal.SIGTERM)
        assert stack.wait_end("bg") == 0
    finally:
        stack.close()


@pytest.mark.parametrize(
    ("options", "environ", "told"),
    [
        (["--health-port", "{taken}"], {}, "error: the health endpoint can't listen on 127.0.0.1 port {taken}: "),
        (["--health-port", "{free}"], {"EXOSPHERE_HEALTH_AGE_MS": "10"}, "error: EXOSPHERE_HEALTH_AGE_MS must be "),
    ],
)
def test_what_it_can_not_answer_on_is_refused_in_one_line(
    stack: Stack, options: list[str], environ: dict[str, str], told: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = {"taken": taken.getsockname()[1], "free": free_port()}
        start(stack, *[option.format(**ports) for option in options], **environ)
        assert stack.wait_end("bg") == 1
    assert stack.log("bg").startswith(told.format(**ports))
    assert stack.log("bg").count("\n") == 1
