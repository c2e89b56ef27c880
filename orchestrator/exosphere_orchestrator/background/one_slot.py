"""arq's worker, kept to one slot of a cluster."""

from collections.abc import Callable
from typing import Any

from arq.constants import in_progress_key_prefix, job_key_prefix, retry_key_prefix
from arq.worker import Worker


class OneSlotWorker(Worker):
    """Touches the queue and the records of its jobs alone, whose ids carry the queue's hash tag.

    It tells whoever asks for it each time that its look at the queue succeeded.

    arq's own one looks into its set of jobs to abort with each job that ends, in the same transaction. Ours are never
    aborted, and keep no results.
    """

    def __init__(self, *args: Any, on_look: Callable[[], None], **options: Any) -> None:
        super().__init__(*args, **options)
        self._on_look = on_look

    async def heart_beat(self) -> None:
        """Called at the end of each look."""
        await super().heart_beat()
        self._on_look()

    async def finish_job(
        self,
        job_id: str,
        finish: bool,
        result_data: bytes | None,
        result_timeout_s: float | None,
        keep_result_forever: bool,
        incr_score: int | None,
        keep_in_progress: float | None,
    ) -> None:
        """Take an ended job off the queue, or put it back to a later time."""
        async with self.pool.pipeline(transaction=True) as step:
            if keep_in_progress is None:
                step.delete(in_progress_key_prefix + job_id)
            else:
                step.pexpire(in_progress_key_prefix + job_id, int(keep_in_progress * 1000))
            if finish:
                step.zrem(self.queue_name, job_id)
                step.delete(retry_key_prefix + job_id, job_key_prefix + job_id)
            elif incr_score:
                step.zincrby(self.queue_name, incr_score, job_id)
            await step.execute()

    async def finish_failed_job(self, job_id: str, result_data: bytes | None) -> None:
        """Take a job that failed off the queue."""
        async with self.pool.pipeline(transaction=True) as step:
            step.delete(retry_key_prefix + job_id, in_progress_key_prefix + job_id, job_key_prefix + job_id)
            step.zrem(self.queue_name, job_id)
            await step.execute()
