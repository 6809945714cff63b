"""Which process this is, and whether another still runs: tells a killed window from a second one."""

from __future__ import annotations

import platform
from dataclasses import dataclass

CLOCK_S = 10.0
"""Start times are worked out from the clock of the computer, which may be set meanwhile."""


@dataclass(frozen=True, slots=True)
class Process:
    """`started` is in seconds since 1970: a process id is given again, with another start."""

    host: str
    pid: int
    started: float


def this_process() -> Process:
    import psutil

    own = psutil.Process()
    return Process(platform.node(), own.pid, own.create_time())


def was_killed(process: Process, here: str) -> bool:
    """Whether a process of the computer called `here` has ended; of another computer nothing is known."""
    import psutil

    if process.host != here:
        return False
    try:
        found = psutil.Process(process.pid)
        ended = found.status() == psutil.STATUS_ZOMBIE
        return ended or abs(found.create_time() - process.started) > CLOCK_S
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:
        return False
