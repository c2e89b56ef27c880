"""Every Redis key: a method with a type and a meaning. Nobody else glues key strings.

The part in braces is the hash tag: Redis Cluster puts keys with the same tag into
one slot, and only keys of one slot can be touched by one script. A namespace's
catalog (nodes, graphs, schedules) has the tag `{namespace}`, and each of its shards
(runs, states, queues) the tag `{namespace:shard}`. Names hold no `:` and no brace
(see `names`), so no name can reach into another tag.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

PREFIX: Final = "exo"

#: SET of the namespaces that anything was ever stored under.
NAMESPACES: Final = f"{PREFIX}:namespaces"

#: HASH of what those who make runs without asking a state manager must know: `shards`, over how many each namespace is split,
#: as the state manager that began last has it.
AGREED: Final = f"{PREFIX}:agreed"

#: ZSET of the API keys that are good for all namespaces: id → time of creation, unix ms.
GLOBAL_ACCESS_KEYS: Final = f"{PREFIX}:access-keys"

#: STREAM of the audit log for what concerns no single namespace, and for calls without a good key; bounded.
GLOBAL_AUDIT: Final = f"{PREFIX}:audit"

#: Pub/sub channel: the id of each run that ends, so that waiters need not poll.
RUN_ENDED: Final = f"{PREFIX}:run-ended"

#: Pub/sub channel: the key of each stream of events, or of lines, that something was added to.
RUN_TOLD: Final = f"{PREFIX}:run-told"

#: Consumer group of the runtimes on every ready stream.
RUNTIMES_GROUP: Final = "runtimes"

#: Group of a ready stream that is paused: it stands where that of the runtimes stood. Nobody reads with it.
PAUSED_GROUP: Final = "paused"

#: How the names of the consumers in the runtimes' group begin that hold deliveries for clients that poll over HTTP, and so have a
#: longer lease. No runtime is called so: their names begin with the name of a host, which has no colon.
HTTP_HOLDER: Final = "http:"

#: How the names of those begin that hold a delivery for the moment until it is a client's. Their lease is that of any runtime.
HTTP_TAKER: Final = "taking:"

#: Consumer group of the state managers on every report stream.
STATE_MANAGERS_GROUP: Final = "state-managers"

#: Queue of the background jobs (arq), and the prefix of its own records.
BACKGROUND_QUEUE: Final = f"{PREFIX}:{{background}}"

#: Is to be in the id of every background job, so that arq's own records of it are in the slot of the queue.
BACKGROUND_TAG: Final = "{background}"


@dataclass(frozen=True, slots=True)
class CatalogKeys:
    """The keys of one namespace's catalog."""

    namespace: str

    def _key(self, rest: str) -> str:
        return f"{PREFIX}:{{{self.namespace}}}:{rest}"

    @property
    def nodes(self) -> str:
        """HASH node name → JSON of its registration."""
        return self._key("nodes")

    @property
    def runtimes(self) -> str:
        """HASH id of a runtime → JSON of its registration; bounded."""
        return self._key("runtimes")

    @property
    def graphs(self) -> str:
        """ZSET of graph names, score 0: read in order of the name."""
        return self._key("graphs")

    @property
    def unready(self) -> str:
        """SET of graphs whose newest version is INVALID: looked at again when a node registers."""
        return self._key("unready")

    @property
    def schedules(self) -> str:
        """ZSET `graph/index` of a cron trigger → its next due time, unix ms. Paused ones are not in it."""
        return self._key("schedules")

    @property
    def claims(self) -> str:
        """ZSET `graph/index` of a schedule that a replica is firing → since when, unix ms."""
        return self._key("claims")

    @property
    def deletions(self) -> str:
        """SET of the deletions of graphs that are not finished (see `store.deletions.Deletion`)."""
        return self._key("deletions")

    @property
    def access_keys(self) -> str:
        """ZSET of the API keys of this namespace: id → time of creation, unix ms. Some may be gone."""
        return self._key("access-keys")

    @property
    def audit(self) -> str:
        """STREAM of who changed what in this namespace; bounded."""
        return self._key("audit")

    @property
    def bulks(self) -> str:
        """SET of the ids of bulk retries that are not finished."""
        return self._key("bulks")

    def figures(self, minute: int) -> str:
        """HASH `node/how` → how many attempts ended so in a minute since 1970, `node/t…` → how many ran how long; expires."""
        return self._key(f"figures:{minute}")

    def bulk(self, bulk_id: str) -> str:
        """HASH of a bulk retry (see `store.bulks.BulkRetry`); expires when it is finished."""
        return self._key(f"bulk:{bulk_id}")

    def bulk_results(self, bulk_id: str) -> str:
        """LIST of JSON: what a bulk retry made of each run."""
        return self._key(f"bulk:{bulk_id}:results")

    @property
    def paused_queues(self) -> str:
        """HASH node → since when its queue is paused, unix ms; "" while its ready streams are still to follow its resumption."""
        return self._key("paused-queues")

    def graph(self, name: str) -> str:
        """HASH of a graph: newest version, validation, times, pause; of a deleted one the count of versions, for good."""
        return self._key(f"graph:{name}")

    def version(self, name: str, version: int) -> str:
        """HASH of an immutable graph version: template and encrypted secrets."""
        return self._key(f"graph:{name}:{version}")

    def schedules_of(self, name: str) -> str:
        """HASH of what is known of a graph's schedules (see `store.schedules.ScheduleField`)."""
        return self._key(f"schedules:{name}")

    def firings(self, name: str) -> str:
        """LIST of JSON: the newest cron firings of a graph and what came of them, newest first."""
        return self._key(f"firings:{name}")


@dataclass(frozen=True, slots=True)
class ShardKeys:
    """The keys of one shard of a namespace: its runs, states and queues."""

    namespace: str
    shard: int = 0
    _tag: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_tag", f"{PREFIX}:{{{self.namespace}:{self.shard}}}:")

    # What is on the way of every state is spelled at once, which spares a call each.
    def _key(self, rest: str) -> str:
        return self._tag + rest

    def ready(self, node: str) -> str:
        """STREAM of the states of one node that a runtime may take now; group `runtimes`."""
        return f"{self._tag}ready:{node}"

    @property
    def reports(self) -> str:
        """STREAM of what runtimes report and of unites that settled; group `state-managers`."""
        return self._key("reports")

    @property
    def outbox(self) -> str:
        """STREAM of this shard's states that are to be queued in another namespace; read by couriers, no group."""
        return self._key("outbox")

    @property
    def inbox(self) -> str:
        """STREAM of reports that came through another namespace's report stream; group `state-managers`."""
        return self._key("inbox")

    @property
    def arrivals(self) -> str:
        """HASH `namespace:shard` of an outbox → its last entry that was queued here; `…/entries` → where its newest are."""
        return self._key("arrivals")

    @property
    def rejected(self) -> str:
        """STREAM of report entries that nobody can apply, with the reason; bounded."""
        return self._key("rejected")

    @property
    def mended(self) -> str:
        """STREAM of what the reconciler put right, newest last; bounded."""
        return self._key("mended")

    @property
    def broken(self) -> str:
        """STREAM of records that nobody could read, with the reason; bounded."""
        return self._key("broken")

    @property
    def due(self) -> str:
        """ZSET state id → unix ms at which it becomes ready."""
        return self._key("due")

    @property
    def runs(self) -> str:
        """ZSET run id → creation time, unix ms."""
        return self._key("runs")

    @property
    def ended(self) -> str:
        """ZSET run id → time of its end, unix ms; retention reads the oldest."""
        return self._key("ended")

    def active(self, graph: str) -> str:
        """SET of the ids of a graph's runs that have not ended."""
        return f"{self._tag}active:{graph}"

    @property
    def deleted(self) -> str:
        """HASH graph → number of its latest deletion: no run of a version below is started or reopened any more."""
        return self._key("deleted")

    def run(self, run_id: str) -> str:
        """HASH of a run (see `records.RunField`)."""
        return f"{self._tag}run:{run_id}"

    def store(self, run_id: str) -> str:
        """HASH of a run's key-value store."""
        return self._key(f"run:{run_id}:store")

    def states(self, run_id: str) -> str:
        """LIST of a run's state ids, in order of creation."""
        return f"{self._tag}run:{run_id}:states"

    def unites(self, run_id: str) -> str:
        """LIST of a run's unite ids, for cancelling and retention."""
        return self._key(f"run:{run_id}:unites")

    def laid_inputs(self, state_id: str) -> str:
        """HASH with the inputs of a state that is about to be made, where they are large; expires when nobody makes it."""
        return self._key(f"state:{state_id}:inputs")

    def states_anew(self, run_id: str) -> str:
        """LIST that the reconciler writes to replace a run's list of states; expires when it dies over it."""
        return self._key(f"run:{run_id}:states:anew")

    def unites_anew(self, run_id: str) -> str:
        """LIST that the reconciler writes to replace a run's list of unites; expires when it dies over it."""
        return self._key(f"run:{run_id}:unites:anew")

    def retries(self, run_id: str) -> str:
        """SET `chain/fanout_id` of a run's manual retries: each is made once."""
        return self._key(f"run:{run_id}:retries")

    def reruns(self, run_id: str) -> str:
        """LIST of the runs that were made from this one."""
        return self._key(f"run:{run_id}:reruns")

    def events(self, run_id: str) -> str:
        """STREAM of what becomes of a run, there while somebody watches it and a while after (see `records.EventField`)."""
        return f"{self._tag}run:{run_id}:events"

    def lines(self, run_id: str) -> str:
        """STREAM of what the nodes of a run wrote while they ran, the newest so many lines (see `records.LineField`)."""
        return self._key(f"run:{run_id}:lines")

    def once(self, run_id: str) -> str:
        """HASH of what `self.once` recorded in a run: `chain/key` → JSON; `chain` → how many keys it has."""
        return self._key(f"run:{run_id}:once")

    def state(self, state_id: str) -> str:
        """HASH of a state (see `records.StateField`)."""
        return f"{self._tag}state:{state_id}"

    def unite(self, unite_id: str) -> str:
        """HASH of an armed unite (see `records.UniteField`)."""
        return self._key(f"unite:{unite_id}")

    def members(self, unite_id: str) -> str:
        """ZSET, score 0, of the branches that a unite will read: `identifier/branch/state id`, in branch order."""
        return self._key(f"unite:{unite_id}:members")


@lru_cache(maxsize=10_000)
def shard_keys(namespace: str, shard: int = 0) -> ShardKeys:
    """Return the keys of a shard; the same object each time, since the path of a state asks often."""
    return ShardKeys(namespace, shard)


def runs_channel(namespace: str) -> str:
    """Pub/sub channel: `run id, status, graph` of each run of a namespace that begins, is pending again or ends."""
    return f"{PREFIX}:runs:{namespace}"


def access_key(key_id: str) -> str:
    """HASH of an API key (see `store.access_keys.KeyField`). Each is in a slot of its own, found by its id alone."""
    return f"{PREFIX}:{{access-key:{key_id}}}"


def request_rate(key_id: str) -> str:
    """HASH that tells how many requests an API key made just now; it expires within a second (see `admit_request.lua`)."""
    return f"{access_key(key_id)}:rate"


def ready_pattern(namespace: str) -> str:
    """The ACL key pattern of a namespace's ready streams, over all shards."""
    return f"{PREFIX}:{{{namespace}:*}}:ready:*"


def reports_pattern(namespace: str) -> str:
    """The ACL key pattern of a namespace's report streams, over all shards."""
    return f"{PREFIX}:{{{namespace}:*}}:reports"
