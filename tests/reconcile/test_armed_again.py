"""Unites and retries that are made again beside what they had brought into being before."""

from engine.world import HOME, Lane, World, failed, many, node, one
from exosphere_core.ids import derived_id
from exosphere_core.store.catalog import note_namespace
from reconcile.living import new_reconciler


async def mend(world: World) -> None:
    for _ in range(8):
        journal = await new_reconciler(world.redis).sweep_all(0, thorough=True)
        await world.drain()
        if not journal.mended:
            return


async def until_ready(world: World, identifier: str) -> None:
    """Sweep no more often than it takes: a later sweep would see what a state that is made again had begun."""
    for _ in range(8):
        await new_reconciler(world.redis).sweep_all(0, thorough=True)
        await world.drain()
        if await world.redis.xlen(HOME.ready(identifier.upper())):
            return


async def rolled_back(world: World, state: str) -> None:
    """Its record is that of before its execution, as from an older backup."""
    record = await world.redis.hgetall(HOME.state(state))
    await world.redis.delete(HOME.state(state))
    kept = {name: record[name] for name in (b"task", b"inputs", b"created_at", b"updated_at")}
    await world.redis.hset(HOME.state(state), mapping={b"status": b"CREATED", b"attempt": b"1", **kept})


def test_a_unite_armed_again_waits_for_branches_that_end_before_it_is_counted(lane: Lane) -> None:
    """Around an inner unite that is still there: that one fires and its state ends, and each takes one off the outer."""

    async def scene(world: World) -> None:
        await note_namespace(world.redis, "ns")
        await world.graph(
            node("a", ["b"]), node("b", ["c"], unites="a"), node("c", ["u"], unites="a"),
            node("u", unites="a", x="${{ c.outputs.v }}"),
        )  # fmt: skip
        await world.trigger()
        await world.do("a", one(v="1"))
        root = (await world.state("a")).id
        outer = derived_id("unite", root, "u")
        await world.redis.delete(HOME.state((await world.state("b")).id), HOME.unite(outer))
        await rolled_back(world, root)
        await mend(world)
        await world.do("a", one(v="1"))
        await world.do("b", one(v="b"))
        (c,) = await world.take("c")
        await world.report(c, one(v="c"))
        assert await world.take("u") == []
        await mend(world)
        (u,) = await world.take("u")
        assert u.inputs == b'{"x":"[\\"c\\"]"}'
        await world.report(u, one())
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


def test_a_uniting_state_made_again_keeps_the_branches_that_it_had_begun(lane: Lane) -> None:
    """Its unite, and the one that it armed, are lost with it; a branch of the latter is executed in the meantime."""

    async def scene(world: World) -> None:
        await note_namespace(world.redis, "ns")
        await world.graph(
            node("a", ["c"]), node("c", ["f"], unites="a"), node("f", ["g"], unites="c"),
            node("g", unites="c", x="${{ f.outputs.v }}"),
        )  # fmt: skip
        await world.trigger()
        await world.do("a", one())
        await world.do("c", one())
        (f,) = await world.take("f")
        join = await world.state("c")
        unites = [derived_id("unite", (await world.state("a")).id, "c"), derived_id("unite", join.id, "g")]
        await world.redis.delete(HOME.state(join.id), *(HOME.unite(unite) for unite in unites))
        await until_ready(world, "c")
        (again,) = await world.take("c")
        await world.report(again, one())
        assert await world.take("g") == []
        await world.report(f, one(v="f"))
        await mend(world)
        (g,) = await world.take("g")
        assert g.inputs == b'{"x":"[\\"f\\"]"}'
        assert len(await world.states("f")) == 1
        await world.report(g, one())
        assert (await world.run()).status == "SUCCESS"
        await world.check_counts()

    lane.run(scene)


def test_a_lost_retry_by_hand_has_all_its_retries_before_it_again(lane: Lane) -> None:
    """Also where the state that failed had retries left and did not want them."""

    async def scene(world: World) -> None:
        await note_namespace(world.redis, "ns")
        await world.graph(node("a"), retry_policy={"max_retries": 3})
        await world.trigger()
        await world.do("a", failed(retryable=False))
        again = await world.retry_by_hand((await world.state("a")).id)
        await world.redis.delete(HOME.state(again))
        await mend(world)
        assert [state.task.retry_count for state in await world.states("a") if state.id == again] == [0]

    lane.run(scene)


def test_branches_of_a_fan_out_armed_again_are_each_read_once(lane: Lane) -> None:
    """The state that fans out is executed again beside its children."""

    async def scene(world: World) -> None:
        await note_namespace(world.redis, "ns")
        await world.graph(node("a", ["b"]), node("b", ["u"]), node("u", unites="a", x="${{ b.outputs.v }}"))
        await world.trigger()
        await world.do("a", many("1", "2"))
        root = (await world.run()).root
        first, second = await world.take("b")
        await world.report(first, one(v="b1"))
        await world.redis.delete(HOME.unite(derived_id("unite", root, "u")))
        await rolled_back(world, root)
        await mend(world)
        await world.report(second, one(v="b2"))
        await world.do("a", many("1", "2"))
        assert await world.take("u") == []
        await mend(world)
        (u,) = await world.take("u")
        assert u.inputs == b'{"x":"[\\"b1\\",\\"b2\\"]"}'

    lane.run(scene)
