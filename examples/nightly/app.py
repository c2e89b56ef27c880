"""The runtime of the two nodes: `exosphere worker examples.nightly.app:runtime`."""

from examples.nightly.nodes import NAMESPACE, Summarise, TakeDay
from exospherehost import Runtime

runtime = Runtime(namespace=NAMESPACE, name="night-shift", nodes=[TakeDay, Summarise])
