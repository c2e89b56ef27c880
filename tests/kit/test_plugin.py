"""The plugin as users' tests meet it: fixture, mark and option."""

import tomllib
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = "exosphere_pytest.plugin"

#: Where the installed package says so, pytest finds the plugin by itself.
LOADED = any(found.value == PLUGIN for found in entry_points(group="pytest11"))

Run = Callable[..., pytest.RunResult]

SHOP = """
import pytest
from pydantic import BaseModel
from exospherehost import BaseNode, GraphNodeModel

class Bank:
    def __init__(self):
        self.charges = []
        self.known = {}

    def charge(self, key=None):
        if key in self.known:
            return self.known[key]
        self.charges.append(key)
        receipt = f"receipt {len(self.charges)}"
        if key is not None:
            self.known[key] = receipt
        return receipt

class Node(BaseNode):
    class Outputs(BaseModel):
        receipt: str
    bank = None

class Naive(Node):
    async def execute(self):
        return self.Outputs(receipt=self.bank.charge())

class Keyed(Node):
    async def execute(self):
        return self.Outputs(receipt=self.bank.charge(self.idempotency_key))

class Once(Node):
    async def execute(self):
        return self.Outputs(receipt=await self.once("card", self.bank.charge))

@pytest.fixture
def bank():
    Node.bank = Bank()
    return Node.bank

def graph(node):
    return [GraphNodeModel(node_name=node.__name__, namespace="shop", identifier="pay")]
"""


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    def run_tests(code: str, *arguments: str) -> pytest.RunResult:
        pytester.makepyfile(shop=SHOP, test_shop="from shop import *\n" + code)
        plugin = () if LOADED else ("-p", PLUGIN)
        return pytester.runpytest_inprocess(*plugin, "-p", "no:cacheprovider", "--strict-markers", *arguments)

    return run_tests


def test_the_package_names_the_plugin() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"exosphere": PLUGIN}
    assert any(need.startswith("fakeredis[lua]") for need in project["optional-dependencies"]["testing"])


def test_a_graph_runs_by_the_fixture(run: Run) -> None:
    result = run(
        """
        def test_pays(exosphere, bank):
            assert exosphere.run_graph(graph(Naive), [Naive]).outputs("pay") == {"receipt": "receipt 1"}
            assert exosphere.run_node(Keyed).outputs == {"receipt": "receipt 2"}
        """.replace("\n        ", "\n")
    )
    result.assert_outcomes(passed=1)


CRASH = """
@pytest.mark.crash(every_step=True{more})
def test_pays_once(exosphere, bank):
    assert exosphere.run_graph(graph({node}), [{node}]).succeeded
    assert len(bank.charges) == 1
"""


def test_a_node_that_is_not_idempotent_is_caught(run: Run) -> None:
    result = run(CRASH.format(node="Naive", more=""))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E*fault pay#1:twice: the worker died when the node had ended*",
            "E*to play it alone: pytest 'test_shop.py::test_pays_once' --exosphere-fault 'pay#1:twice'",
            "*exosphere faults*",
            "The test fails with 3 of 6 faults:",
            "  pay#1:twice  *",
            "  pay#1:late  *",
            "  pay#1:last  *",
            "To play the first alone: pytest 'test_shop.py::test_pays_once' --exosphere-fault 'pay#1:twice'",
            "FAILED test_shop.py::test_pays_once*",
        ]
    )


def test_a_node_that_hands_on_its_key_passes(run: Run) -> None:
    run(CRASH.format(node="Keyed", more="")).assert_outcomes(passed=1)


def test_once_leaves_the_gap_between_work_and_record_and_no_other(run: Run) -> None:
    result = run(CRASH.format(node="Once", more=""))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["The test fails with 1 of 8 faults:", "  pay#1:died-in-once:card  *"])
    run(CRASH.format(node="Once", more=', without=["died-in-once"]')).assert_outcomes(passed=1)


def test_one_fault_is_played_alone(run: Run) -> None:
    code = CRASH.format(node="Naive", more="")
    run(code, "--exosphere-fault", "pay#1:died-before").assert_outcomes(passed=1)
    result = run(code, "--exosphere-fault", "pay#1:late")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["The test fails with 1 of 1 faults:"])
    result = run(code, "--exosphere-fault", "pay#7:late")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["the fault 'pay#7:late' did not strike; those that may are pay#1:died-before, *"])


def test_a_run_that_ends_otherwise_is_caught_without_an_assertion_of_the_test(run: Run) -> None:
    code = """
@pytest.mark.crash(every_step=True{more})
def test_pays(exosphere, bank):
    exosphere.run_graph(graph(Naive), [Naive])
"""
    result = run(code.format(more=""))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["run 1 ended otherwise than without the fault: nodes", "*without: *receipt 1*", "*with: *receipt 2*"]
    )
    run(code.format(more=", same_result=False")).assert_outcomes(passed=1)


def test_every_play_has_fixtures_of_its_own_and_the_module_keeps_its_own(run: Run) -> None:
    result = run(
        """
SET_UP = []

@pytest.fixture(scope="module")
def house():
    SET_UP.append("house")
    yield "house"
    SET_UP.append("house is gone")

@pytest.fixture
def room():
    SET_UP.append("room")
    yield
    SET_UP.append("room is gone")

@pytest.mark.crash("pay#1:twice", "pay#1:late")
def test_pays(exosphere, bank, house, room):
    assert exosphere.run_graph(graph(Keyed), [Keyed]).succeeded

def test_after(house):
    assert SET_UP == ["house", *["room", "room is gone"] * 3]

def test_last():
    assert SET_UP[-1] == "room is gone"
"""
    )
    result.assert_outcomes(passed=3)


def test_several_runs_and_nodes_of_a_test_are_struck_one_by_one(run: Run) -> None:
    result = run(
        """
@pytest.mark.crash(every_step=True, kinds=["twice"])
def test_pays(exosphere, bank):
    for _ in range(2):
        exosphere.run_graph(graph(Keyed), [Keyed])
    exosphere.run_node(Once)
    exosphere.run_node(Naive)
    assert len(bank.charges) == 4
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["The test fails with 1 of 4 faults:", "  node/Naive#1:twice  *"])


def test_an_async_test_is_struck_as_well(run: Run) -> None:
    result = run(
        """
@pytest.fixture
def anyio_backend():
    return "asyncio"

@pytest.mark.anyio
@pytest.mark.crash(every_step=True, kinds=["twice", "died-in-once"])
async def test_pays(exosphere, bank):
    assert (await exosphere.run_graph_async(graph(Once), [Once])).succeeded
    assert len(bank.charges) == 1
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["The test fails with 1 of 2 faults:", "  pay#1:died-in-once:card  *"])


def test_what_an_earlier_play_printed_is_not_shown_with_a_later_one(run: Run) -> None:
    result = run(
        """
@pytest.mark.crash("pay#1:died-before", "pay#1:twice")
def test_pays(exosphere, bank):
    exosphere.run_graph(graph(Naive), [Naive])
    print(f"charged {len(bank.charges)}")
    assert len(bank.charges) == 1
"""
    )
    result.stdout.fnmatch_lines(["charged 2"])
    result.stdout.no_fnmatch_line("charged 1")


def test_a_failure_without_faults_is_shown_as_it_is(run: Run) -> None:
    result = run(
        """
@pytest.mark.crash(every_step=True)
def test_pays(exosphere, bank):
    assert exosphere.run_graph(graph(Keyed), [Keyed]).status == "FAILED"

@pytest.mark.crash(every_step=True)
def test_does_nothing(exosphere):
    pass

@pytest.mark.crash(every_step=True)
def test_is_skipped(exosphere):
    pytest.skip("not today")
"""
    )
    result.assert_outcomes(failed=2, skipped=1)
    result.stdout.fnmatch_lines(["*finds nothing to strike: run a graph or node by the fixture `exosphere`"])
    result.stdout.no_fnmatch_line("*exosphere faults*")


@pytest.mark.parametrize(
    "arguments, told",
    [
        ("", "give either every_step=True or ids of faults"),
        ("'pay#1:twise'", "'twise' is no kind of fault; there are died-after-once, "),
        ("every_step=True, kinds=['lat']", "'lat' is no kind of fault"),
        ("each=True", "unexpected keyword argument 'each'"),
    ],
)
def test_a_mark_that_can_not_be_meant_so_is_refused(run: Run, arguments: str, told: str) -> None:
    result = run(f"@pytest.mark.crash({arguments})\ndef test_pays(exosphere):\n    pass\n")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: test_shop.py::test_pays: mark crash: *{told}*".replace("[", "[[]")])
