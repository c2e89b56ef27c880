"""Removes the Redis users of API keys that are good no more, and what the audit log has kept for long enough."""

from exosphere_core.roles import EVERY_NAMESPACE
from exosphere_core.store import audit, catalog
from exosphere_orchestrator import grants
from exosphere_orchestrator.background.context import Jobs


async def remove_lost_users(jobs: Jobs) -> int:
    """Remove the Redis users of keys that expired, or were revoked while a server was away. Returns how many."""
    return await grants.remove_lost_users(jobs.redis)


async def trim_audit(jobs: Jobs) -> int:
    """Remove what the audit log has kept for its retention time. Returns how many entries."""
    before = await catalog.now_ms(jobs.redis) - jobs.settings.audit_retention_ms
    logs = [EVERY_NAMESPACE, *await catalog.read_namespaces(jobs.redis)]
    return sum([await audit.trim(jobs.redis, log, before) for log in logs])
