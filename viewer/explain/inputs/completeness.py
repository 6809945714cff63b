"""Whether a map's values add up to what they share out, in words."""

from __future__ import annotations

LARGE_GAP = 0.1
NOTHING = 1e-3
"""Logits: below this there is no difference to share out, and a gap in per cent would say nothing."""


def completeness(total: float, difference: float, subject: str = "map sums") -> tuple[str, ...]:
    """Notes for a map that sums to `total` where the logit differs by `difference` from the baseline's."""
    sums = f"The {subject} to {_number(total)} of a logit difference of {_number(difference)}"
    gap = abs(total - difference)
    if abs(difference) < NOTHING:
        if gap < NOTHING:
            return ("The answer is the same for the baseline: there is nothing to share out.",)
        return (f"{sums}.", "The map's amounts cannot be relied on: the difference is too small for them.")
    part = gap / abs(difference)
    told = f"{sums} (gap {100 * part:.1f} %)."
    if part <= LARGE_GAP:
        return (told,)
    return (told, "The gap is large: the map ranks the places, but its amounts cannot be relied on.")


def _number(value: float) -> str:
    return f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.2g}"
