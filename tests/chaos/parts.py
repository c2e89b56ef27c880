"""The parts of the campaign, each with a Redis of its own kind."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from chaos.faults.catalog import FAULTS, reason_against
from chaos.faults.fault import CLUSTER, SENTINEL, SINGLE, Fault
from chaos.topologies.cluster import ClusterServers
from chaos.topologies.servers import Servers
from chaos.topologies.single import SingleServer
from chaos.topologies.watched import WatchedServers


@dataclass(frozen=True)
class Part:
    """What a campaign plays on one kind of Redis.

    Attributes:
        what: for the table of the docs.
        share: of the campaign's states and time.
        share_of_faults: of its faults; where one takes long, fewer strike.
        make: makes the servers from the path of `redis-server` and a folder.
    """

    name: str
    kind: str
    what: str
    share: float
    share_of_faults: float
    make: Callable[[Path, Path], Servers]

    def faults(self, names: Sequence[str]) -> list[Fault]:
        """Those of some faults that strike here."""
        chosen = (FAULTS[name] for name in names)
        return [fault for fault in chosen if self.kind in fault.on and not reason_against(fault)]

    def own(self, names: Sequence[str]) -> list[Fault]:
        """Those that this kind of several servers is there for: without each of them the part has met nothing."""
        return [fault for fault in self.faults(names) if fault.on == (self.kind,) != (SINGLE,)]


PARTS = {
    part.name: part
    for part in (
        Part(
            "always", SINGLE, "one server, `appendfsync always`, behind the proxy", 0.4, 0.44,
            lambda binary, folder: SingleServer(binary, folder, "always"),
        ),
        Part(
            "everysec", SINGLE, "one server, `appendfsync everysec`, behind the proxy", 0.4, 0.44,
            lambda binary, folder: SingleServer(binary, folder, "everysec"),
        ),
        Part("sentinel", SENTINEL, "a master, its replica and three Sentinels", 0.1, 0.06, WatchedServers),
        Part("cluster", CLUSTER, "a Cluster of three masters with a replica each, 6 shards", 0.1, 0.06, ClusterServers),
    )
}  # fmt: skip


def struck_by(parts: Sequence[str], faults: Sequence[str]) -> tuple[str, ...]:
    """Those of some parts in which any of some faults strikes."""
    return tuple(name for name in parts if PARTS[name].faults(faults))
