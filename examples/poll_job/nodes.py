"""Start a job; ask for it until it is done."""

from datetime import timedelta
from typing import Final

import aiohttp
from pydantic import BaseModel

from exospherehost import BaseNode, ReQueueAfterSignal

NAMESPACE: Final = "jobs"

#: How long to wait until the job is asked for again.
_POLL: Final = timedelta(milliseconds=200)


class StartJob(BaseNode):
    """Hands the work over. However often this is delivered or retried, it is one job."""

    class Inputs(BaseModel):
        server: str
        file: str

    class Outputs(BaseModel):
        job: str

    async def execute(self) -> Outputs:
        async with (
            aiohttp.ClientSession(raise_for_status=True) as client,
            client.post(
                f"{self.inputs.server}/jobs",
                json={"file": self.inputs.file},
                headers={"idempotency-key": self.idempotency_key},
            ) as answer,
        ):
            return self.Outputs(job=(await answer.json())["job"])


class AwaitJob(BaseNode):
    """Asks once. Of a job that is not done, the state goes back into the queue; meanwhile it takes no worker's time."""

    class Inputs(BaseModel):
        server: str
        job: str

    class Outputs(BaseModel):
        result: str
        asked: str

    async def execute(self) -> Outputs:
        async with (
            aiohttp.ClientSession(raise_for_status=True) as client,
            client.get(f"{self.inputs.server}/jobs/{self.inputs.job}") as answer,
        ):
            job = await answer.json()
        if not job["result"]:
            raise ReQueueAfterSignal(_POLL)
        return self.Outputs(result=job["result"], asked=str(job["asked"]))
