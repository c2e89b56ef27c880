"""Faults of a Redis Cluster."""

import signal
import time
from random import Random

from chaos.faults.fault import CLUSTER, Fault, Struck, during
from chaos.faults.replay import sent_again, wait_until_sent_again
from chaos.stage import Stage
from chaos.topologies.cluster import ClusterServers
from chaos.topologies.servers import GONE_AFTER_MS
from exosphere_core.store.slots import slot_of_key


def _cluster(stage: Stage) -> ClusterServers:
    assert isinstance(stage.redis, ClusterServers)
    return stage.redis


async def slot_moved(stage: Stage, draws: Random) -> Struck:
    """The slot of a shard, with all that is in it, goes to another master while work runs."""
    redis = _cluster(stage)
    view = await redis.ready()
    home = draws.choice(stage.homes)
    slot = slot_of_key(home.runs)
    source = await redis.owner(slot)
    target = draws.choice(sorted(view.masters.keys() - {source}))
    at = time.monotonic_ns()
    moved = await redis.move(slot, source, target)
    return Struck(f"shard {home.shard} from {source} to {target}, {moved} keys", at, time.monotonic_ns())


async def _a_master(stage: Stage, draws: Random) -> tuple[int, int]:
    """Draw a master of a shard. Returns its port and its replica's."""
    redis = _cluster(stage)
    view = await redis.ready()
    master = await redis.owner(slot_of_key(draws.choice(stage.homes).runs))
    (replica,) = (port for port, followed in view.replicas.items() if followed == master)
    return master, replica


async def cluster_node_lost(stage: Stage, draws: Random) -> Struck:
    """A master dies, its replica takes over, and it comes back as a replica of that."""
    redis = _cluster(stage)
    master, replica = await _a_master(stage, draws)
    sent = sent_again(stage)
    at = time.monotonic_ns()
    redis.at(master).kill()
    await redis.wait_for_successor(master, replica)
    healed = time.monotonic_ns()
    await redis.at(master).start()
    await wait_until_sent_again(stage, sent)
    return Struck(f"the master at {master}", at, healed)


async def cluster_node_frozen(stage: Stage, draws: Random) -> Struck:
    """A master stands still: for a moment, or for so long that its replica takes over before it goes on."""
    redis = _cluster(stage)
    master, replica = await _a_master(stage, draws)
    long = draws.random() < 0.5
    sent = sent_again(stage)
    at = time.monotonic_ns()
    redis.at(master).signal(signal.SIGSTOP)
    if not long:
        seconds = draws.uniform(0.1, GONE_AFTER_MS / 2000)
        _, healed = await during(seconds)
        redis.at(master).signal(signal.SIGCONT)
        return Struck(f"the master at {master} for {seconds:.2f} s", at, healed)
    try:
        await redis.wait_for_successor(master, replica)
        healed = time.monotonic_ns()
    finally:
        redis.at(master).signal(signal.SIGCONT)
    await wait_until_sent_again(stage, sent)
    return Struck(f"the master at {master} until its replica took over", at, healed)


FAULTS = [
    Fault(
        "slot_moved",
        "the slot of a shard moves to another master with all its keys",
        slot_moved,
        on=(CLUSTER,),
        weight=6,
    ),
    Fault(
        "cluster_node_lost",
        "SIGKILL of a master of a Cluster: its replica takes over, it comes back as a replica",
        cluster_node_lost,
        on=(CLUSTER,),
        weight=4,
        loses=True,
    ),
    Fault(
        "cluster_node_frozen",
        "SIGSTOP of a master of a Cluster, SIGCONT before or after its replica takes over",
        cluster_node_frozen,
        on=(CLUSTER,),
        weight=4,
    ),
]
