"""What of the reader's marks lies under the pointer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from viewer.annotate import shape
from viewer.annotate.labels import distance
from viewer.annotate.mark import ShownMark

if TYPE_CHECKING:
    from viewer.report.mark_painter import Drawn
    from viewer.ui.mark_layer import MarkLayer
    from viewer.ui.placement import Placement

GRASP_HANDLE, GRASP_LINE = 9.0, 6.0
"""Logical pixels of the screen around a handle and around a line that take hold of it."""
HANDLE, LABEL, LINE = "handle", "label", "line"


@dataclass(frozen=True, eq=False, slots=True)
class Hit:
    """What of a mark lies under the pointer: `HANDLE` number `index`, its `LABEL` or its `LINE`."""

    part: str
    drawn: Drawn
    index: int = -1

    @property
    def shown(self) -> ShownMark:
        return self.drawn.shown

    @property
    def fixed(self) -> bool:
        """Whether it can only be chosen: locked, or drawn on another slice."""
        return self.shown.faint or self.shown.mark.locked


def hit_at(
    layer: MarkLayer, placement: Placement, point: tuple[float, float], *, chosen: str = ""
) -> Hit | None:
    """What lies under a point of the viewport: a handle before a label before a line.

    What was painted last counts. Of two handles one of the `chosen` mark (an id) comes first.
    """
    x, y = point
    left, top, right, bottom = layer.bounds.T
    near = np.flatnonzero((left <= x) & (x <= right) & (top <= y) & (y <= bottom))
    found = [layer.laid[number] for number in near]
    return (
        _handle_at(found, x, y, placement, chosen)
        or next((Hit(LABEL, one) for one in found if one.label and one.label.holds(x, y)), None)
        or _line_at(found, x, y)
    )


def _handle_at(found: Sequence[Drawn], x: float, y: float, placement: Placement, chosen: str) -> Hit | None:
    best: tuple[bool, float] | None = None
    hit = None
    for one in found:
        if one.shown.faint or one.shown.mark.locked:
            continue
        other = one.shown.mark.id != chosen
        for number, handle in enumerate(shape.handles(one.shown.mark.kind, one.shown.points)):
            far = float(np.hypot(*np.subtract(placement.to_screen(*handle), (x, y))))
            if far <= GRASP_HANDLE and (best is None or (other, far) < best):
                best, hit = (other, far), Hit(HANDLE, one, number)
    return hit


def _line_at(found: Sequence[Drawn], x: float, y: float) -> Hit | None:
    far = [min(distance(line, (x, y)) for line in one.lines) for one in found]
    if not far or min(far) > GRASP_LINE:
        return None
    return Hit(LINE, found[far.index(min(far))])
