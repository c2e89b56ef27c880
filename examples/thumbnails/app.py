"""The runtime of the three nodes: `exosphere worker examples.thumbnails.app:runtime`."""

from examples.thumbnails.nodes import NAMESPACE, ContactSheet, ListImages, MakeThumbnail
from exospherehost import Runtime

runtime = Runtime(namespace=NAMESPACE, name="image-worker", nodes=[ListImages, MakeThumbnail, ContactSheet])
