"""What of the package `exospherehost` there is here under the same name. A test holds this to the package itself."""

from typing import Final

PUBLIC_NAMES: Final = frozenset(
    {
        "BaseNode", "CronTrigger", "GraphNodeModel", "Producer", "PruneSignal", "ReQueueAfterSignal",
        "RetryPolicyModel", "RetryStrategyEnum", "Runtime", "StateManager", "StoreConfigModel", "UnitesModel", "UnitesStrategyEnum",
        "VERSION", "__version__",
    }
)  # fmt: skip

#: Modules that old code imports from → the names that are found there.
MODULES: Final = {
    "exospherehost": PUBLIC_NAMES,
    "exospherehost.models": frozenset(
        {
            "CatchupEnum", "CronTrigger", "GraphNodeModel", "RetryPolicyModel", "RetryStrategyEnum",
            "StoreConfigModel", "UnitesModel", "UnitesStrategyEnum",
        }
    ),
    "exospherehost.node.BaseNode": frozenset({"BaseNode"}),
    "exospherehost.runtime": frozenset({"Runtime"}),
    "exospherehost.signals": frozenset({"PruneSignal", "ReQueueAfterSignal"}),
    "exospherehost.statemanager": frozenset({"StateManager"}),
}  # fmt: skip

#: Modules that came here; what is in them is none of a migration's business.
NEW_MODULES: Final = ("exospherehost.blocking", "exospherehost.errors", "exospherehost.testing")

RUNTIME_ARGUMENTS: Final = (
    "namespace", "name", "nodes", "state_manager_uri", "key", "batch_size", "workers", "state_manage_version",
    "poll_interval", "state_manager_version",
)  # fmt: skip

STATE_MANAGER_ARGUMENTS: Final = ("namespace", "state_manager_uri", "key", "state_manager_version")

#: Methods of the original's `StateManager`. Each has the same arguments here.
OLD_METHODS: Final = frozenset({"get_graph", "trigger", "upsert_graph"})

#: Those that came here.
NEW_METHODS: Final = frozenset(
    {
        "aclose",
        "cancel",
        "delete_graph",
        "events",
        "find_runs",
        "firings",
        "get_bulk_retry",
        "get_run",
        "get_state",
        "list_runs",
        "logs",
        "pause_graph",
        "pause_queue",
        "pause_schedule",
        "queues",
        "rerun",
        "resume_graph",
        "resume_queue",
        "resume_schedule",
        "retry",
        "retry_run",
        "retry_runs",
        "run",
        "run_schedule",
        "runtimes",
        "schedules",
        "states",
        "structure",
        "trigger_many",
        "versions",
        "wait",
    }
)

MONGO_DETAIL: Final = "records of runs are not in MongoDB here"
MONGO_FIX: Final = "where it is about those: the HTTP API, or exosphere … -o json; data of your own stays where it is"

#: The statuses of a state that the original had.
OLD_STATUSES: Final = frozenset(
    {"CREATED", "QUEUED", "EXECUTED", "SUCCESS", "PRUNED", "ERRORED", "NEXT_CREATED_ERROR", "RETRY_CREATED"}
)

#: Python packages that speak to MongoDB.
MONGO_PACKAGES: Final = frozenset({"beanie", "mongoengine", "motor", "pymongo"})

#: What the name of a variable begins with that tells where MongoDB is.
MONGO_VARIABLE: Final = "MONGO"

#: What the packages of this project run on.
OLDEST_PYTHON: Final = (3, 11)
NEWEST_PYTHON: Final = (3, 13)
