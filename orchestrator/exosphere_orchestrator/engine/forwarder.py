"""Forwards reports of states whose run is of another namespace: to that one's inbox, in another slot."""

from collections.abc import Sequence

from exosphere_core.keys import STATE_MANAGERS_GROUP, ShardKeys, shard_keys
from exosphere_core.records import ReportField
from exosphere_core.store.burst import Command, burst
from exosphere_core.store.faults import ResponseError
from exosphere_core.store.streams import acknowledge
from exosphere_orchestrator.engine.context import EngineContext
from exosphere_orchestrator.engine.dead_letters import put_aside
from exosphere_orchestrator.engine.reports import Report


async def forward(context: EngineContext, queue: ShardKeys, reports: Sequence[Report]) -> None:
    """Forward reports, all of one other namespace, then acknowledge them here.

    A crash in between forwards them twice, which the attempt number makes harmless. A report for a state that the
    namespace of this queue does not execute is put aside: its runtimes must not fill others' streams.
    """
    home = shard_keys(reports[0].home, queue.shard)
    tasks = await context.tasks.get_many([(home, report.state) for report in reports])
    sent: list[str] = []
    commands: list[Command] = []
    for report, task in zip(reports, tasks, strict=True):
        if task is None:
            await put_aside(context, queue, STATE_MANAGERS_GROUP, report.entry, "there is no such state")
        elif task.namespace != queue.namespace or task.home != report.home:
            await put_aside(context, queue, STATE_MANAGERS_GROUP, report.entry, "the state is of another namespace")
        else:
            words = [word for pair in report.entry.fields.items() if pair[0] != b"via" for word in pair]
            commands.append(("XADD", home.inbox, "*", *words, ReportField.VIA, queue.namespace))
            sent.append(report.entry.id)
    for reply in await burst(context.scripts, commands):
        if isinstance(reply, ResponseError):
            raise reply
    await acknowledge(context.redis, queue.reports, STATE_MANAGERS_GROUP, sent)
