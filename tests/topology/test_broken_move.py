"""The campaign's own Cluster comes to rest after a move of a slot that a fault broke off."""

import asyncio
from pathlib import Path

import pytest

from chaos.topologies.cluster import ClusterServers
from chaos.topologies.servers import follows
from conftest import redis_server_binary
from exosphere_core.store.slots import slot_of_key


@pytest.mark.parametrize("replaced", ["source", "target"])
def test_a_move_whose_master_was_replaced_is_gone_on_with_and_no_key_is_lost(tmp_path: Path, replaced: str) -> None:
    async def scene() -> None:
        cluster = ClusterServers(Path(redis_server_binary()), tmp_path)
        try:
            await cluster.start([])
            slot = slot_of_key("{shard}")
            view = await cluster.ready()
            source = await cluster.owner(slot)
            target = min(view.masters.keys() - {source})
            giving = cluster.at(source)
            names = [f"{{shard}}:{number}" for number in range(50)]
            for name in names:
                await cluster.client.set(name, name)
            # As far as a move comes that breaks off in its middle.
            cluster._moving = slot, target
            ids = {port: (await cluster.at(port).ask("CLUSTER", "MYID")).decode() for port in (source, target)}
            await cluster.at(target).ask("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[source])
            await giving.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[target])
            await giving.ask("MIGRATE", "127.0.0.1", target, "", 0, 5000, "KEYS", *names[:20])
            lost = {"source": source, "target": target}[replaced]
            (replica,) = (port for port, followed in view.replicas.items() if followed == lost)

            async def has_all() -> bool:
                return await follows(cluster.at(replica), cluster.at(lost))

            await cluster._wait(has_all)
            cluster.at(lost).kill()

            async def took_over() -> bool:
                return (await cluster.at(replica).client.info("replication"))["role"] == "master"

            await cluster._wait(took_over)
            await cluster.at(lost).start()
            await cluster.heal()
            assert not (await cluster.ready()).moving
            assert await cluster.owner(slot) == (replica if replaced == "target" else target)
            assert [await cluster.client.get(name) for name in names] == [name.encode() for name in names]
        finally:
            await cluster.stop()

    asyncio.run(scene())
