"""All kinds of faults by name."""

from chaos.clock.shim import compiler
from chaos.faults import cluster, data, elsewhere, network, processes, redis, sentinel
from chaos.faults.fault import Fault

FAULTS: dict[str, Fault] = {
    fault.name: fault
    for module in (processes, redis, network, data, sentinel, cluster, elsewhere)
    for fault in module.FAULTS
}


def reason_against(fault: Fault) -> str:
    """Why a fault can't strike on this machine; empty when it can."""
    if fault.name == "worker_clock" and compiler() is None:
        return "there is no C compiler for the clock that jumps"
    return fault.needs
