"""What a crash left behind, as a report that a reader may pass on: versions and lines of code, nothing else.

While Glassbox runs, `faulthandler` holds the file `crash.log` open and writes into it only when native code
crashes. The next start makes a report of it.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

from viewer import diagnostics

LEFT_BEHIND = "crash.log"
MAX_BYTES = 1 << 18
KEPT = 5
"""Reports that are kept; the oldest go."""

_FRAME = re.compile(r'^  File "(?P<path>.*)", line (?P<line>\d+) in (?P<name>[\w<>.]+)$')
_HEAD = re.compile(
    r"^(Fatal Python error: [\w :-]+|Windows fatal exception: [\w :-]+|(Current thread|Thread) 0x[0-9a-f]+"
    r"( \[[\w-]+\])? \(most recent call first\):|  <no Python frame>|  \.\.\.)$"
)
_MODULES = re.compile(r"^Extension modules: (?P<names>[\w., ]+) \(total: \d+\)$")


def collect(folder: Path | None = None) -> Path | None:
    """The report of the crash that ended the last run, if one did; the next call has none.

    Only lines that `faulthandler` is known to write go into it, and of paths only the place in a package.
    None also where nothing can be read or written: that never stops the program.
    """
    folder = folder or diagnostics.log_folder()
    try:
        with (folder / LEFT_BEHIND).open("rb+") as file:
            data = file.read(MAX_BYTES)
            when = time.strftime("%Y%m%d-%H%M%S")
            lines = [line for line in map(_cleaned, data.decode("utf-8", "replace").splitlines()) if line]
            if not lines:
                return None
            report = folder / f"crash-report-{when}.txt"
            report.write_text("\n".join([diagnostics.report(), "", *lines, ""]), encoding="utf-8")
            file.truncate(0)
        for old in sorted(folder.glob("crash-report-*.txt"))[:-KEPT]:
            old.unlink(missing_ok=True)
    except OSError:
        return None
    return report


def _cleaned(line: str) -> str:
    """The line without anything of this user's; "" for one that `faulthandler` does not write."""
    frame = _FRAME.match(line)
    if frame is not None:
        return f"  {_place(frame['path'])}:{frame['line']} in {frame['name']}"
    modules = _MODULES.match(line)
    if modules is not None:
        return line
    return line if _HEAD.match(line) else ""


def _place(path: str) -> str:
    """ "viewer/ui/viewport.py", "numpy/_core/x.py": a file by its place in its package; else its name."""
    parts = re.split(r"[\\/]", path)
    for anchor in ("site-packages", "dist-packages"):
        if anchor in parts:
            return "/".join(parts[parts.index(anchor) + 1 :])
    if "viewer" in parts:
        return "/".join(parts[len(parts) - 1 - parts[::-1].index("viewer") :])
    return parts[-1]
