"""Nodes and graphs that the tests of the kit run."""

from datetime import timedelta
from typing import Any

from pydantic import BaseModel

from exospherehost import BaseNode, GraphNodeModel, PruneSignal, ReQueueAfterSignal, UnitesModel


class Split(BaseNode):
    """A branch for each word."""

    class Inputs(BaseModel):
        text: str

    class Outputs(BaseModel):
        word: str

    async def execute(self) -> list[Outputs]:
        return [self.Outputs(word=word) for word in self.inputs.text.split()]


class Shout(BaseNode):
    """A plain function, which runs in a thread. Prunes what is not to be said."""

    class Inputs(BaseModel):
        word: str

    class Outputs(BaseModel):
        word: str

    def execute(self) -> Outputs:
        if self.inputs.word == "hush":
            raise PruneSignal({"why": "not to be said"})
        self.store.set("last", self.inputs.word)
        return self.Outputs(word=self.inputs.word.upper())


class Patient(BaseNode):
    """Comes again an hour later until it has come three times."""

    class Outputs(BaseModel):
        times: str

    calls = 0

    async def execute(self) -> Outputs:
        type(self).calls += 1
        if type(self).calls < 3:
            raise ReQueueAfterSignal(timedelta(hours=1))
        return self.Outputs(times=str(type(self).calls))


class Flaky(BaseNode):
    """Succeeds at its third retry."""

    class Outputs(BaseModel):
        retries: str

    async def execute(self) -> Outputs:
        if self.retry_count < 3:
            raise ConnectionError(f"try {self.retry_count}")
        return self.Outputs(retries=str(self.retry_count))


class Pay(BaseNode):
    """Pays by a function that a test gives, once."""

    class Outputs(BaseModel):
        receipt: str

    class Secrets(BaseModel):
        token: str

    pays: Any = None

    async def execute(self) -> Outputs:
        receipt = await self.once("card", lambda: type(self).pays(self.idempotency_key, self.secrets.token))
        return self.Outputs(receipt=receipt)


def graph_node(name: str, identifier: str, *next_nodes: str, namespace: str = "kit", **more: Any) -> GraphNodeModel:
    """A node of a graph."""
    return GraphNodeModel(
        node_name=name, namespace=namespace, identifier=identifier, next_nodes=list(next_nodes), **more
    )


#: One branch a word, joined again.
WORDS = [
    graph_node("Split", "split", "shout", inputs={"text": "never lose work"}),
    graph_node("Shout", "shout", "all", inputs={"word": "${{ split.outputs.word }}"}),
    graph_node(
        "Shout", "all", inputs={"word": "joined ${{ shout.outputs.word }}"}, unites=UnitesModel(identifier="split")
    ),
]

#: The same, with the middle of it in another namespace.
ABROAD = [WORDS[0], WORDS[1].model_copy(update={"namespace": "abroad"}), WORDS[2]]


def alone(name: str, **more: Any) -> list[GraphNodeModel]:
    """A graph of one node."""
    return [graph_node(name, name.lower(), **more)]
