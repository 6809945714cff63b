"""One multi-frame image that was stored in several parts (PS3.3 C.7.6.16.2.2.4)."""

from __future__ import annotations

from collections.abc import Sequence

from viewer.dicom.plane import Part, Plane

_PART_STEP = 1 << 24
"""More than a part has frames: orders parts whose frame offset is not told."""


def number_in_whole(plane: Plane) -> int:
    """The 0-based frame number in the concatenation, or in the object; grows from part to part."""
    part = plane.part
    if part is None:
        return plane.header.frame
    first = part.first if part.first is not None else part.number * _PART_STEP
    return first + plane.header.frame


def missing(planes: Sequence[Plane]) -> list[str]:
    """What lacks to the whole, in words: "part 2 of 3 missing"; [] if nothing, or nothing is known of it."""
    parts = {part for part in (plane.part for plane in planes) if part is not None and part.number > 0}
    if not parts:
        return []
    there = {part.number for part in parts}
    total = max(max(part.total for part in parts), max(there))
    lacking = [number for number in range(1, total + 1) if number not in there]
    if lacking:
        numbers = ", ".join(str(number) for number in lacking[:5]) + (", …" if len(lacking) > 5 else "")
        return [f"{'part' if len(lacking) == 1 else 'parts'} {numbers} of {total} missing"]
    return ["parts do not fit together: frames missing"] if _torn(parts) else []


def _torn(parts: set[Part]) -> bool:
    """Whether a part starts elsewhere than the one before it ends."""
    ordered = sorted(parts, key=lambda part: part.number)
    starts = [part.first for part in ordered]
    return any(
        start is not None and following is not None and start + part.frames != following
        for start, following, part in zip(starts, starts[1:], ordered, strict=False)
    )
