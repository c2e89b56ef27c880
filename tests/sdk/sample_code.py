"""Scripts as users write them for this SDK."""

SAMPLE_NODE = """
from exospherehost import Runtime, BaseNode
from pydantic import BaseModel

class SampleNode(BaseNode):
    class Inputs(BaseModel):
        name: str
        data: str

    class Outputs(BaseModel):
        message: str
        processed_data: str

    class Secrets(BaseModel):
        pass

    async def execute(self) -> Outputs:
        print(f"Processing data for: {self.inputs.name}", flush=True)
        processed_data = f"completed:{self.inputs.data}"
        return self.Outputs(
            message="success",
            processed_data=processed_data
        )
"""

BLOCKING = """
Runtime(
    namespace="MyProject",
    name="DataProcessor",
    nodes=[SampleNode]
).start()
"""

RUNTIME = """
runtime = Runtime(
    namespace="MyProject",
    name="DataProcessor",
    nodes=[SampleNode]
)
"""

IN_A_THREAD = """
import threading

def run_runtime():
    runtime.start()

thread = threading.Thread(target=run_runtime, daemon=True)
thread.start()

import sys
sys.stdin.readline()
"""

AS_A_TASK = """
import asyncio, sys

async def main():
    runtime_task = asyncio.create_task(runtime._start())
    await asyncio.to_thread(sys.stdin.readline)
    runtime_task.cancel()
    try:
        await runtime_task
    except asyncio.CancelledError:
        print("cancelled")

asyncio.run(main())
"""

STARTED_IN_A_LOOP = """
import asyncio, sys

async def main():
    task = runtime.start()
    assert isinstance(task, asyncio.Task)
    await asyncio.to_thread(sys.stdin.readline)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        print("cancelled")

asyncio.run(main())
"""

WORKFLOW = """
from exospherehost import Runtime, BaseNode
from pydantic import BaseModel

class DataLoaderNode(BaseNode):
    class Inputs(BaseModel):
        source: str

    class Outputs(BaseModel):
        data: str

    class Secrets(BaseModel):
        api_key: str

    async def execute(self) -> Outputs:
        return self.Outputs(data=f"{self.inputs.source} read with a key of {len(self.secrets.api_key)} letters")

class DataProcessorNode(BaseNode):
    class Inputs(BaseModel):
        data: str

    class Outputs(BaseModel):
        result: str

    async def execute(self) -> Outputs:
        return self.Outputs(result=self.inputs.data.upper())

Runtime(
    namespace="MyProject",
    name="MyRuntime",
    nodes=[DataLoaderNode, DataProcessorNode]
).start()
"""

TELL_NAMESPACE = """
import sys
from exospherehost import Runtime, BaseNode
from pydantic import BaseModel

class MyNode(BaseNode):
    class Outputs(BaseModel):
        ran_in: str

    async def execute(self) -> Outputs:
        return self.Outputs(ran_in=sys.argv[1])

Runtime(
    namespace=sys.argv[1],
    name="MyRuntime",
    nodes=[MyNode]
).start()
"""

INVALID = """
from exospherehost import BaseNode, Runtime
from pydantic import BaseModel

class InvalidNode(BaseNode):
    class Inputs(BaseModel):
        data: str
        count: int

    class Outputs(BaseModel):
        result: str

    class Secrets(BaseModel):
        pass

    async def execute(self) -> Outputs:
        return self.Outputs(result="success")

Runtime(namespace="MyProject", name="MyRuntime", nodes=[InvalidNode])
"""
