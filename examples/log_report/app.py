"""The runtime of the three nodes: `exosphere worker examples.log_report.app:runtime`."""

from examples.log_report.nodes import NAMESPACE, CountErrors, ListLogs, MakeTable
from exospherehost import Runtime

runtime = Runtime(namespace=NAMESPACE, name="log-reader", nodes=[ListLogs, CountErrors, MakeTable])
