"""The runtime of the three nodes: `exosphere worker examples.stdlib_report.app:runtime`."""

from examples.stdlib_report.graph import NAMESPACE
from examples.stdlib_report.nodes import AnalyseModule, ListModules, WriteReport
from exospherehost import Runtime

runtime = Runtime(namespace=NAMESPACE, name="stdlib-analyser", nodes=[ListModules, AnalyseModule, WriteReport])
