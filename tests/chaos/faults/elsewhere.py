"""Faults that this campaign can't produce, with the reason: they are listed, never drawn."""

from chaos.faults.fault import Fault, not_here

_CLUSTER = "the campaign's Redis is a single server; `make topology` plays it with real processes"

FAULTS = [
    Fault("sentinel_failover", "Sentinel makes a replica the master", not_here, needs=_CLUSTER),
    Fault("cluster_node_lost", "a master of a Cluster is lost", not_here, needs=_CLUSTER),
    Fault("slot_moved", "a slot moves to another master", not_here, needs=_CLUSTER),
    Fault(
        "power_loss",
        "the machine loses power",
        not_here,
        needs="the machine runs the campaign itself; `cut_file` stands in for it",
    ),
]
