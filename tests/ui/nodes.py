"""Nodes that the tests of the dashboard run. They wait for files, so that a test decides when they end."""

import asyncio
import os
from pathlib import Path

from pydantic import BaseModel

from exospherehost import BaseNode, Runtime

#: What a page must show as text.
HOSTILE = "<script>document.title='broken'</script><img src=x onerror=\"document.title='broken'\">"


def there(name: str) -> bool:
    """Whether a test has made a file of this name."""
    return (Path(os.environ["UI_FOLDER"]) / name).exists()


class Begin(BaseNode):
    """Fans out into `width` branches."""

    class Inputs(BaseModel):
        width: str

    class Outputs(BaseModel):
        value: str

    async def execute(self) -> list[Outputs]:
        return [self.Outputs(value=str(number)) for number in range(int(self.inputs.width))]


class Work(BaseNode):
    """Waits for a file, if one is named, and says something hostile."""

    class Inputs(BaseModel):
        value: str
        gate: str = ""

    class Outputs(BaseModel):
        value: str
        page: str

    async def execute(self) -> Outputs:
        self.emit(f"began {HOSTILE}", value=self.inputs.value)
        while self.inputs.gate and not there(self.inputs.gate):
            await asyncio.sleep(0.02)
        self.logger.warning("the gate is open")
        return self.Outputs(value=self.inputs.value, page=HOSTILE)


class Fragile(BaseNode):
    """Fails until a file is there."""

    class Inputs(BaseModel):
        value: str
        cure: str

    class Outputs(BaseModel):
        value: str

    async def execute(self) -> Outputs:
        if not there(self.inputs.cure):
            raise ValueError(f"no cure for {self.inputs.value} {HOSTILE}")
        return self.Outputs(value=self.inputs.value)


class Gather(BaseNode):
    """Unites."""

    class Inputs(BaseModel):
        values: str

    class Outputs(BaseModel):
        values: str

    async def execute(self) -> Outputs:
        return self.Outputs(values=self.inputs.values)


runtime = Runtime(namespace="test", name="ui-runtime", nodes=[Begin, Work, Fragile, Gather], workers=256)
