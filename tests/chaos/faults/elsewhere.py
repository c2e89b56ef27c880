"""Faults that this campaign can't produce, with the reason: they are listed, never drawn."""

from chaos.faults.fault import Fault, not_here

FAULTS = [
    Fault(
        "power_loss",
        "the machine loses power",
        not_here,
        needs="the machine runs the campaign itself; `cut_file` stands in for it",
    ),
]
