"""The report of the sample study against the one that is kept: what it says, and how it looks.

The kept one was written by Glassbox from source with the package index's torch (for CUDA, on the CPU), so
that this also holds the frozen flavours and the source together. Renew: smoke_test.py --approve.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

FOLDER = Path(__file__).parent / "golden"
RELATIVE, ABSOLUTE = 5e-3, 1e-3
"""Two builds of torch differ by 1e-6 of a probability, and by more where a map is nearly zero."""
BLOCK, LEVELS, SHARE = 4, 14, 0.01
"""Means of 4 x 4 pixels may differ by 14 levels, and by more in 1 % of the page: its date and versions."""
CHANGING = ("created", "software", "comment", "device")
"""Fields that differ from run to run by their nature."""


def record(path: Path) -> dict[str, Any]:
    """The report that a page carries in its text chunk."""
    with Image.open(path) as page:
        found: dict[str, Any] = json.loads(page.text["glassbox"])  # type: ignore[attr-defined]
    return found


def differences(found: Path, kept: Path, *, but: tuple[str, ...] = ()) -> list[str]:
    """In words, what the page at `found` says otherwise than the kept one; `but` names fields let alone."""
    return list(_compare(record(found), record(kept), "report", (*CHANGING, *but)))


def looks_otherwise(found: Path, kept: Path) -> list[str]:
    """One line if the two pages do not look alike."""
    with Image.open(found) as one, Image.open(kept) as other:
        if one.size != other.size:
            return [f"the page is {one.size}, not {other.size}"]
        gap = np.abs(_means(one) - _means(other))
    share = float((gap > LEVELS).mean())
    return [f"{share:.2%} of the page looks otherwise"] if share > SHARE else []


def _means(page: Image.Image) -> np.ndarray:
    values = np.asarray(page.convert("RGB"), float)
    rows, cols = (side // BLOCK * BLOCK for side in values.shape[:2])
    return values[:rows, :cols].reshape(rows // BLOCK, BLOCK, cols // BLOCK, BLOCK, 3).mean((1, 3))


def _compare(one: Any, other: Any, where: str, but: tuple[str, ...]) -> list[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        lines = [f"{where}: {key} is on one side only" for key in one.keys() ^ other.keys() if key not in but]
        for key in one.keys() & other.keys():
            lines += [] if key in but else _compare(one[key], other[key], f"{where}.{key}", but)
        return lines
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [line for n, (a, b) in pairs for line in _compare(a, b, f"{where}[{n}]", but)]
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        same = bool(np.isclose(one, other, rtol=RELATIVE, atol=ABSOLUTE))
    else:
        same = one == other
    return [] if same else [f"{where} is {one!r}, not {other!r}"]
