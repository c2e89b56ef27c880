"""The exit codes of all commands, and which error has which."""

from enum import IntEnum

from exosphere_core.errors import ExosphereError, TimedOut, Unavailable


class ExitCode(IntEnum):
    """What a script can tell by the exit code. The documentation strings are part of the page of the command line."""

    DONE = 0  #: done
    FAILED = 1  #: refused or failed; one line on standard error says what, where, and how to mend it
    USAGE = 2  #: the command line is wrong; nothing was done
    NO = 3  #: the answer is no: a run ended without success, a checked graph is not valid, two graphs differ, `doctor` found a fault, `migrate check` something to change
    UNREACHABLE = 4  #: the state manager, or its Redis, can't be reached now; the same command may succeed later
    TIMED_OUT = 5  #: what was waited for did not come about in the time given; it may still
    INTERRUPTED = 130  #: ended by Ctrl-C: 128 and the number of the signal, as a shell counts it


def code_of(error: ExosphereError) -> ExitCode:
    """Return the exit code of an error."""
    if isinstance(error, TimedOut):
        return ExitCode.TIMED_OUT
    return ExitCode.UNREACHABLE if isinstance(error, Unavailable) else ExitCode.FAILED
