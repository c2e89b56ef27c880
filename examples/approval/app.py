"""The runtime of the three nodes that are no human: `exosphere worker examples.approval.app:runtime`."""

from examples.approval.nodes import NAMESPACE, Act, Check, Plan
from exospherehost import Runtime

runtime = Runtime(namespace=NAMESPACE, name="tidier", nodes=[Plan, Act, Check])
