"""The HTTP contract, version v0: each call is one row, read by the server and by the client.

Bodies that come from outside are as loose as they must be for a good message: what a
graph says is judged by `exosphere_core.graph`, which names node and field, all errors at once.
"""

from typing import Final

from exosphere_core.api.audit import *
from exosphere_core.api.bulk import *
from exosphere_core.api.catalog import *
from exosphere_core.api.events import *
from exosphere_core.api.figures import *
from exosphere_core.api.find_runs import *
from exosphere_core.api.http_runtimes import *
from exosphere_core.api.keys import *
from exosphere_core.api.logs import *
from exosphere_core.api.namespace_events import *
from exosphere_core.api.parameters import *
from exosphere_core.api.pauses import *
from exosphere_core.api.queues import *
from exosphere_core.api.rejected import *
from exosphere_core.api.reports import *
from exosphere_core.api.row import *
from exosphere_core.api.runs import *
from exosphere_core.api.schedules import *
from exosphere_core.api.settings import *
from exosphere_core.api.states import *
from exosphere_core.api.steering import *
from exosphere_core.api.validation import *
from exosphere_core.api.whoami import *

ROWS: Final = (
    HEALTH, READY, WHOAMI, LIST_NAMESPACES, REGISTER_NODES, LIST_NODES, UPSERT_GRAPH, GET_GRAPH, LIST_GRAPHS, TRIGGER,
    TRIGGER_MANY,
    LIST_RUNS, GET_RUN, WAIT_RUN, CANCEL_RUN, RETRY_RUN, RERUN, MANUAL_RETRY, GET_STRUCTURE, GET_STATE, GET_SECRETS, GET_STORE_VALUE,
    GET_ONCE, RECORD_ONCE, HAND_OVER_REPORTS,
    ENQUEUE_STATES, STATE_EXECUTED, STATE_ERRORED, PRUNE_STATE, RE_ENQUEUE_STATE, LIST_VERSIONS, GET_VERSION, DELETE_GRAPH,
    LIST_SCHEDULES, LIST_FIRINGS, PAUSE_SCHEDULE, RESUME_SCHEDULE, RUN_SCHEDULE,
    LIST_REJECTED, GET_STATE_STORE_VALUE,
    PAUSE_GRAPH, RESUME_GRAPH, PAUSE_QUEUE, RESUME_QUEUE,
    CREATE_KEY, LIST_KEYS, REVOKE_KEY, CREATE_GLOBAL_KEY, LIST_GLOBAL_KEYS, REVOKE_GLOBAL_KEY, LIST_AUDIT, LIST_GLOBAL_AUDIT,
    RETRY_RUNS, GET_BULK_RETRY, LIST_STATES, WATCH_RUN, LIST_QUEUES, LIST_RUNTIMES, WITHDRAW_RUNTIME,
    FIND_RUNS, VALIDATE_GRAPH, LIST_SETTINGS, GET_FIGURES, WATCH_NAMESPACE, ADD_LINES, LIST_LINES, FOLLOW_LINES,
)  # fmt: skip
