"""Rotating the key that encrypts secrets: what older keys encrypted is encrypted again with the newest one, while all runs."""

from collections.abc import Callable
from dataclasses import dataclass, field

from exosphere_core.errors import ConfigurationError, CorruptRecord
from exosphere_core.store import catalog
from exosphere_core.store.connection import Redis, check_server, connect
from exosphere_core.store.faults import FAULTS
from exosphere_core.store.sealed import read_sealed, replace_sealed
from exosphere_orchestrator.catalog.graphs import belongs_to
from exosphere_orchestrator.settings import Settings
from exosphere_orchestrator.vault import Vault


@dataclass(slots=True)
class Rotation:
    """What one rotation did.

    Attributes:
        versions: graph versions that have secrets.
        sealed_anew: secrets that were encrypted again.
        left: what could not be, one line each.
    """

    versions: int = 0
    sealed_anew: int = 0
    left: list[str] = field(default_factory=list)


async def rotate_now(settings: Settings, show: Callable[[Rotation], None] = lambda _: None) -> Rotation:
    """Rotate the secrets of all graph versions of all namespaces.

    Args:
        settings: those of the state manager.
        show: called after each version with what was done so far.

    Raises:
        ConfigurationError: Redis can't be reached, or a key in the setting is malformed.
    """
    vault = Vault(settings.encryption_key.get_secret_value())
    redis = connect(settings.redis_url.get_secret_value())
    try:
        await check_server(redis)
        return await rotate(redis, vault, show)
    except FAULTS as lost:
        raise ConfigurationError(
            f"the rotation lost Redis ({lost}); nothing is half done, run it again when Redis can be reached"
        ) from None
    finally:
        await redis.aclose()


async def rotate(redis: Redis, vault: Vault, show: Callable[[Rotation], None] = lambda _: None) -> Rotation:
    """Encrypt with the newest key what another one encrypted. May be broken off and repeated."""
    done = Rotation()
    for namespace in await catalog.read_namespaces(redis):
        for graph in await catalog.read_graph_names(redis, namespace):
            for version in range(1, await catalog.read_last_version(redis, namespace, graph) + 1):
                await _rotate_version(redis, vault, namespace, graph, version, done)
                show(done)
    return done


async def _rotate_version(redis: Redis, vault: Vault, namespace: str, graph: str, version: int, done: Rotation) -> None:
    while True:
        try:
            found = await read_sealed(redis, namespace, graph, version)
        except CorruptRecord as corrupt:
            done.left.append(corrupt.detail)
            return
        if found is None or not found[1]:
            return
        before, sealed = found
        anew, left = _sealed_anew(vault, namespace, graph, version, sealed)
        if not anew or await replace_sealed(redis, namespace, graph, version, before, {**sealed, **anew}):
            done.versions += 1
            done.sealed_anew += len(anew)
            done.left += left
            return


def _sealed_anew(
    vault: Vault, namespace: str, graph: str, version: int, sealed: dict[str, str]
) -> tuple[dict[str, str], list[str]]:
    """The ciphertexts that replace others, and what can't be read."""
    anew: dict[str, str] = {}
    left: list[str] = []
    for name, text in sealed.items():
        if vault.is_current(text):
            continue
        place = belongs_to(namespace, graph, name)
        try:
            anew[name] = vault.encrypt(vault.decrypt(text, place), place)
        except ConfigurationError as unreadable:
            left.append(f"version {version} of graph {graph!r} in namespace {namespace!r}: {unreadable.detail}")
    return anew, left
