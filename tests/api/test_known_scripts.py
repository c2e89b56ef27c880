"""The first call of a script takes no longer than later ones: each server is told all of them when it is first seen."""

import asyncio
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import ConnectionError

from api.service import Service, eventually
from engine.world import World
from exosphere_core.store.connection import connect, servers
from exosphere_core.store.scripts import script, script_names
from exosphere_orchestrator.edge import Edge
from exosphere_orchestrator.server_watch import ServerWatch
from redis_servers import RedisServer


class Hindered(Edge):
    """Can't apply anything again, the first time."""

    asked = 0

    async def go_on(self) -> None:
        self.asked += 1
        if self.asked == 1:
            raise ConnectionError
        await super().go_on()


HASHES = [script(name).sha for name in script_names()]


async def flush_all(url: str) -> None:
    redis = connect(url)
    for server in await servers(redis):
        await server.script_flush()
    await redis.aclose()


async def knows_all(url: str) -> bool:
    redis = connect(url)
    try:
        return all([all(await server.script_exists(*HASHES)) for server in await servers(redis)])
    finally:
        await redis.aclose()


def test_redis_knows_all_scripts_before_there_is_anything_to_do_and_again_when_it_was_restarted(tmp_path: Path) -> None:
    with RedisServer(tmp_path / "redis") as redis, Service(redis.url):
        eventually("the scripts are there", lambda: asyncio.run(knows_all(redis.url)))
        redis.kill()
        redis.start()
        eventually("they are there again", lambda: asyncio.run(knows_all(redis.url)))


def test_each_master_of_a_cluster_knows_all_scripts(cluster_url: str) -> None:
    asyncio.run(flush_all(cluster_url))
    with Service(cluster_url):
        eventually("the scripts are there", lambda: asyncio.run(knows_all(cluster_url)))


def test_a_new_server_is_told_all_scripts_although_the_first_look_at_it_failed(redis_url: str) -> None:
    async def scene() -> None:
        await flush_all(redis_url)
        redis = Redis.from_url(redis_url)
        world = World(redis)
        watch = ServerWatch(world.context, Hindered(redis))
        watch.start()
        async with asyncio.timeout(30):
            while not await knows_all(redis_url):
                await asyncio.sleep(0.01)
        await watch.stop(0)
        await world.close()
        await redis.aclose()

    asyncio.run(scene())
