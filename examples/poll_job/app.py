"""The runtime of the two nodes: `exosphere worker examples.poll_job.app:runtime`."""

from examples.poll_job.nodes import NAMESPACE, AwaitJob, StartJob
from exospherehost import Runtime

runtime = Runtime(namespace=NAMESPACE, name="job-poller", nodes=[StartJob, AwaitJob])
