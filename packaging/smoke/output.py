"""What the program may print, and what its log may hold: everything else is a failure."""

from __future__ import annotations

import re
from pathlib import Path

ALLOWED = Path(__file__).parent / "allowed_output.txt"


def unexpected(text: str) -> list[str]:
    """The lines that no row of allowed_output.txt matches."""
    rows = ALLOWED.read_text(encoding="utf-8").splitlines()
    allowed = [re.compile(row) for row in rows if row and not row.startswith("#")]
    return [line for line in text.splitlines() if line and not any(one.fullmatch(line) for one in allowed)]


def logged_trouble(home: Path) -> list[str]:
    """Warnings and worse in the program's log below a home folder, and anything in its crash log."""
    lines = []
    for path in home.rglob("*.log*"):
        text = path.read_text(encoding="utf-8", errors="replace")
        crash = path.name.startswith("crash")
        lines += [
            line for line in text.splitlines() if crash or re.search(r" (WARNING|ERROR|CRITICAL) ", line)
        ]
    return lines
