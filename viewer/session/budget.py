"""How many bytes of decoded pixels may be kept, from what the machine has and from what it has left.

A look at the machine reads files and costs up to 1 ms, the first one 30 ms of imports: the threads that
decode take it. Whoever asks for the bound gets the last one that is known.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

MIB = 1 << 20
SHARE = 4
"""An automatic budget is one part in this many of the physical memory …"""
LEAST = 256 * MIB
"""… and at least this."""
MOST_SHARE = 2
"""A budget chosen in the settings is bounded to one part in this many."""
FLOOR = 64 * MIB
"""However short memory is, this much may be kept: less would decode every slice twice."""
LOOK_EVERY = 1.0
"""Seconds."""
_CGROUPS, _OWN_GROUPS = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of physical memory: all that this process could ever have, and what is left now."""

    total: int
    available: int

    @property
    def reserve(self) -> int:
        """What is left to the other programs."""
        return max(LEAST, self.total // 16)


def memory() -> Memory:
    """The memory of the machine, or of the container where that has less."""
    import psutil

    machine = psutil.virtual_memory()
    total, available = int(machine.total), int(machine.available)
    for limit, used in _container(_CGROUPS, _OWN_GROUPS):
        total, available = min(total, limit), min(available, max(0, limit - used))
    return Memory(total, available)


def slice_budget(wanted_mb: int, total: int) -> int:
    """Bytes for decoded slices on a machine of `total` bytes; `wanted_mb` 0 lets the machine decide."""
    if wanted_mb > 0:
        return min(wanted_mb * MIB, max(LEAST, total // MOST_SHARE))
    return max(LEAST, total // SHARE)


class Budget:
    """The bound of a cache, which follows what the machine has left.

    Parameters
    ----------
    wanted_mb : MiB, 0 for automatic.
    look : reads the state of the machine.
    """

    def __init__(self, wanted_mb: int = 0, look: Callable[[], Memory] = memory) -> None:
        self._wanted_mb = wanted_mb
        self._look = look
        self._seen: Memory | None = None
        self._next = 0.0

    def refresh(self) -> None:
        """Look at the machine, if the last look is old; from any thread."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + LOOK_EVERY
            self._seen = self._look()

    def bound(self, held: int) -> int:
        """Bytes that a cache which holds `held` may hold now."""
        seen = self._seen
        if seen is None:
            return LEAST
        spare = seen.available - seen.reserve
        return min(slice_budget(self._wanted_mb, seen.total), max(FLOOR, held + spare))


def _container(root: Path, own: Path) -> list[tuple[int, int]]:
    """(limit, used) bytes of the control group of this process and of those around it (Linux)."""
    try:
        lines = own.read_text("ascii", "replace").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        _, kinds, path = [*line.split(":", 2), "", ""][:3]
        if kinds == "":
            found += _limits(root, path, "memory.max", "memory.current", ("active_file", "inactive_file"))
        elif "memory" in kinds.split(","):
            names = ("total_active_file", "total_inactive_file")
            found += _limits(root / "memory", path, "memory.limit_in_bytes", "memory.usage_in_bytes", names)
    return found


def _limits(root: Path, path: str, limit: str, usage: str, cached: tuple[str, ...]) -> list[tuple[int, int]]:
    """Of every group from `path` up to `root`. Inside a container `path` may name what it does not see."""
    folder, found = root / path.lstrip("/"), []
    while folder == root or root in folder.parents:
        try:
            bytes_allowed = int((folder / limit).read_text("ascii"))
            used = int((folder / usage).read_text("ascii"))
            stat = dict(line.split() for line in (folder / "memory.stat").read_text("ascii").splitlines())
            # File pages are given back as soon as somebody needs them.
            found.append((bytes_allowed, used - sum(int(stat.get(name, 0)) for name in cached)))
        except (OSError, ValueError):  # no limit is written as "max"
            pass
        folder = folder.parent
    return found
