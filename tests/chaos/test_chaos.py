"""The short profile of the campaign, and that its checks can fail."""

import asyncio
import dataclasses
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from chaos.__main__ import chosen, chosen_parts
from chaos.campaign import Campaign
from chaos.faults.catalog import FAULTS, reason_against
from chaos.graphs import workloads
from chaos.ledger import Executions, Ledger
from chaos.parts import PARTS, struck_by
from chaos.plan import Outcome, Plan
from chaos.stage import IMPORT_PATH
from chaos.table import figures_of, written
from chaos.topologies.cluster import read_view
from conftest import redis_server_binary
from system import warm_start

#: Kinds that the short profile meets: each of our processes, Redis and the way to it.
SHORT = (
    "kill_runtime", "freeze_runtime", "kill_state_manager", "freeze_state_manager", "kill_redis", "client_kill", "cut",
    "lose_replies", "script_flush",
)  # fmt: skip


def plan(**changes: object) -> Plan:
    short = Plan(
        seed=5, faults=SHORT, redis_binary=Path(redis_server_binary()), minutes=3.0, states=500, least_faults=9, parts=("always",), round_s=12.0,
        random_graphs=6, most_pending=4, widths=(20, 80), lease_ms=1500,
    )  # fmt: skip
    return dataclasses.replace(short, **changes)


def test_a_short_campaign_keeps_every_promise_and_meets_what_it_is_about(tmp_path: Path) -> None:
    # The long campaign starts its processes as users do; here half of all would be imports.
    warm_start.prepare({**os.environ, **IMPORT_PATH})
    campaign = Campaign(plan(), tmp_path)
    outcome = asyncio.run(campaign.run())
    struck = Counter(name for name, *_ in campaign.ledger.faults())
    campaign.ledger.close()
    assert outcome.violations == []
    counts = outcome.counts
    assert counts["states"] > 300
    assert sum(struck.values()) == counts["faults"] >= 5
    assert counts["keys"] > counts["states"], "not all keys were held against the runs"
    # A campaign that never met these would pass for nothing.
    assert counts["reclaimed"], "no lease was lost"
    assert counts["reconnected"], "no runtime lost its connection"
    assert counts["stale"], "no report came too late"
    assert counts["executed_again"], "no state was executed again"


def test_a_plan_draws_the_same_graphs_each_time_and_others_for_another_seed() -> None:
    assert workloads(1, 4) == workloads(1, 4)
    assert workloads(1, 4) != workloads(2, 4)


def test_a_name_that_is_no_fault_is_refused_with_those_there_are() -> None:
    with pytest.raises(Exception, match="there is no fault 'kill_redix'; there are kill_runtime, "):
        chosen("kill_runtime,kill_redix")
    with pytest.raises(Exception, match="power_loss can't strike here: the machine runs the campaign itself"):
        chosen("power_loss")


def test_a_name_that_is_no_part_is_refused_with_those_there_are() -> None:
    assert chosen_parts("cluster, always,cluster") == ("cluster", "always")
    with pytest.raises(Exception, match="there is no part 'clutser'; there are always, everysec, sentinel, cluster"):
        chosen_parts("clutser")


def test_a_fault_strikes_in_the_parts_whose_redis_it_is_of() -> None:
    everywhere = tuple(PARTS)
    assert struck_by(everywhere, ["kill_runtime"]) == everywhere
    assert struck_by(everywhere, ["kill_redis", "cut"]) == ("always", "everysec")
    assert struck_by(everywhere, ["slot_moved"]) == ("cluster",)
    assert struck_by(["always"], ["slot_moved"]) == ()
    for name, fault in FAULTS.items():
        assert struck_by(everywhere, [name]) or reason_against(fault), f"{name} strikes nowhere, and nobody says why"


def test_a_part_of_several_servers_is_vacuous_without_its_own_faults() -> None:
    names = [name for name, fault in FAULTS.items() if not reason_against(fault)]
    assert [fault.name for fault in PARTS["sentinel"].own(names)] == ["sentinel_failover", "sentinel_command"]
    assert "slot_moved" in [fault.name for fault in PARTS["cluster"].own(names)]
    assert PARTS["cluster"].own(["kill_runtime"]) == PARTS["always"].own(names) == []


def test_a_node_of_a_cluster_tells_who_has_what_and_whether_that_is_all() -> None:
    nodes: dict[str, dict[str, Any]] = {
        f"127.0.0.1:{port}": {
            "node_id": f"m{port}", "flags": "master", "master_id": "-", "slots": [[str(port), str(port + 9)], ["7"]], "migrations": [],
        }
        for port in (1, 2, 3)
    }  # fmt: skip
    nodes |= {
        f"127.0.0.1:{port}": {
            "node_id": f"r{port}", "flags": "myself,slave", "master_id": f"m{port - 3}", "slots": [], "migrations": [],
        }
        for port in (4, 5, 6)
    }  # fmt: skip
    view = read_view(nodes)
    assert view.masters[2] == ((2, 11), (7, 7))
    assert view.replicas == {4: 1, 5: 2, 6: 3}
    assert (view.whole, view.moving) == (True, False)
    nodes["127.0.0.1:3"]["migrations"] = [{"slot": "3"}]
    assert read_view(nodes).moving
    nodes["127.0.0.1:3"] |= {"migrations": [], "flags": "master,fail?"}
    assert not read_view(nodes).whole


def test_the_ledger_takes_over_what_processes_append_whole_lines_only(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    file = ledger.incoming / "1-a"
    file.write_bytes(b"S s1 r 10\nS s2 r 11\nE s1 requeued 12\nS s1 r 13\nE s1 exec")
    assert ledger.collect(0) == 3
    assert ledger.executions(0)["s1"] == Executions(2, 1, frozenset({"requeued"}), "r")
    with file.open("ab") as more:
        more.write(b"uted 14\n")
    ledger.collect(0)
    assert ledger.executions(0)["s1"].outcomes == {"requeued", "executed"}
    assert ledger.executions(0)["s2"].starts == 1
    ledger.close()


def test_the_figures_stand_between_the_pages_markers_and_tell_undisturbed_recoveries_alone(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    second = 1_000_000_000
    ledger.struck(0, "kill_runtime", "rt0", 0, 0, 2 * second)
    ledger.struck(0, "cut", "", 10 * second, 10 * second, 3 * second)
    ledger.struck(0, "kill_redis", "", 11 * second, 12 * second, second)
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- campaign -->\nold\n<!-- /campaign -->\nafter\n")
    outcome = Outcome(Counter(runs=3, states=1000, faults=3), [], 60.0)
    written(page, figures_of(plan(), outcome, ledger, "make chaos", "6.2.14"))
    ledger.close()
    text = page.read_text()
    assert text.startswith("before\n<!-- campaign -->\n`make chaos` on ")
    assert text.endswith("<!-- /campaign -->\nafter\n")
    assert "| `kill_runtime` | SIGKILL of a runtime, started again | 1 | 2.00 | 2.00 | 1 |" in text
    # The two others fell into each other's recovery.
    assert "| `cut` | connections are reset | 1 |  |  | 0 |" in text
    assert (
        "- `slot_moved` (the slot of a shard moves to another master with all its keys): not among those that" in text
    )
