"""What lies over the picture: the file's display shutter, and above it the file's graphics.

PS3.4 N.2.1: neither is windowed or inverted. The heatmap is covered as the slice is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from viewer.imaging.section import Section, Span, picked
from viewer.study import Slice

GRAPHICS_COLOR = 0x0096FF
"""Azure: three times as bright as black and three times darker than white (WCAG 2.2, 1.4.11), so that it
stands out from any tissue, and in none of the perceptual colour maps of the heatmap."""

_OPAQUE = 0xFF000000
_HALVES = 0x7F7F7F


@dataclass(frozen=True, eq=False, slots=True)
class Cover:
    """Where to paint, as flat indices into one picture.

    Parameters
    ----------
    hidden : pixels under the shutter, `grey` being its display value.
    regions : pixels of regions of interest: tinted, for tissue lies in them.
    lines : pixels of all other graphics.
    """

    hidden: np.ndarray
    grey: int
    regions: np.ndarray
    lines: np.ndarray

    def paint(self, picture: np.ndarray) -> np.ndarray:
        """Paint over (rows, cols) uint32 0xffRRGGBB, in place; the same array."""
        flat = picture.reshape(-1)
        flat[self.hidden] = _OPAQUE | self.grey * 0x010101
        if self.regions.size:
            tissue = (flat[self.regions] >> np.uint32(1)) & np.uint32(_HALVES)
            flat[self.regions] = tissue + np.uint32(_OPAQUE | (GRAPHICS_COLOR >> 1 & _HALVES))
        flat[self.lines] = _OPAQUE | GRAPHICS_COLOR
        return picture


def cover(slice: Slice, section: Section, *, graphics: bool, shutter: bool) -> Cover | None:
    """What lies over a section of a slice; None where nothing does.

    Parameters
    ----------
    graphics, shutter : whether the reader wants to see them.
    """
    planes = slice.graphics if graphics else ()
    hidden = slice.shutter if shutter else None
    if not planes and hidden is None:
        return None
    nothing = np.empty(0, np.intp)
    parts: dict[str, list[np.ndarray]] = {"region": [nothing], "graphics": [nothing]}
    for one in planes:
        parts["region" if one.kind == "region" else "graphics"].append(_drawn(one.mask, section))
    under = nothing
    if hidden is not None:
        under = np.flatnonzero(section.turn.turned(picked(hidden.hidden, section.rows, section.cols)))
    return Cover(
        under,
        hidden.grey if hidden is not None else 0,
        np.unique(np.concatenate(parts["region"])),
        np.concatenate(parts["graphics"]),
    )


def _drawn(mask: np.ndarray, section: Section) -> np.ndarray:
    """Flat indices of the picture pixels on which a mask draws: each pixel of a thin line gives one."""
    rows, cols = np.nonzero(mask)
    at_rows, at_cols = _places(rows, section.rows), _places(cols, section.cols)
    size = section.rows.stop - section.rows.start, section.cols.stop - section.cols.start
    inside = (at_rows >= 0) & (at_rows < size[0]) & (at_cols >= 0) & (at_cols < size[1])
    picture = np.zeros(size, bool)
    picture[at_rows[inside], at_cols[inside]] = True
    return np.flatnonzero(section.turn.turned(picture))


def _places(pixels: np.ndarray, span: Span) -> np.ndarray:
    return np.floor((pixels + 0.5) / span.step).astype(np.intp) - span.start
