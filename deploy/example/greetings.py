"""A small worker to see that an installation works: one node greets, the next one says it louder."""

from pydantic import BaseModel

from exospherehost import BaseNode, Runtime


class Greet(BaseNode):
    """Makes a greeting."""

    class Inputs(BaseModel):
        name: str

    class Outputs(BaseModel):
        greeting: str

    async def execute(self) -> Outputs:
        return self.Outputs(greeting=f"Hello, {self.inputs.name}")


class Louder(BaseNode):
    """Says a text louder."""

    class Inputs(BaseModel):
        text: str

    class Outputs(BaseModel):
        text: str

    async def execute(self) -> Outputs:
        return self.Outputs(text=f"{self.inputs.text.upper()}!")


def runtime() -> Runtime:
    """The runtime that `exosphere worker greetings:runtime` starts."""
    return Runtime(namespace="default", name="greeter", nodes=[Greet, Louder])
