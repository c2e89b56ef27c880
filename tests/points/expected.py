"""What the reference model says of a scene."""

from functools import lru_cache

from points.scene import Deed, Scene
from semantics.model import Model


def expected(scene: Scene) -> Model:
    """Play a scene on the model: no faults, one thing after the other."""
    return _expected(scene.name)


@lru_cache
def _expected(name: str) -> Model:
    from points.scenes import SCENES

    scene = SCENES[name]
    model = Model({"nodes": scene.nodes, **scene.more})
    model.trigger({}, dict(scene.store), scene.delay_ms)
    acts = [act.in_model for act in scene.acts if act.in_model]
    while True:
        if not _go_on(model, scene):
            if not acts:
                return model
            acts.pop(0)(model)


def _go_on(model: Model, scene: Scene) -> bool:
    """Whatever can be done now is done. False when there was nothing."""
    done = False
    for state in list(model.states.values()):
        if state.pending and state.wait_ms is not None:
            model.due(state.label)
            done = True
    for identifier in model.graph.nodes:
        for state in model.take(identifier):
            deed = Deed(identifier, state.inputs, state.retry_count, state.chain != state.label, state.attempt > 1)
            outcome = scene.outcome(deed)
            if outcome is not None:
                model.report(state.label, state.attempt, outcome)
                done = True
    return done
