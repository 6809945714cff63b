"""Text that is part of the pixels: rows of thin, bright glyphs of one height, away from the middle.

Burned-in names, settings and side markers are what networks like to learn instead of the disease
(Zech et al. 2018). Glyphs alone would be found in every trabecula: what counts is that they stand in a line.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from viewer.explain.trust.blobs import blocks, grown, label, shrunk, unblocked
from viewer.explain.trust.body import grey_of
from viewer.study import Slice

_SIDE = 1024
"""Pixels of the longer side on which text is looked for."""
_THIN = 3
"""Radius of the square that no stroke holds, on 512 pixels; grows with the picture."""
_BRIGHT = 0.45
"""How far a stroke stands out of its surroundings at least, in shares of the picture's range."""
_GLYPHS = 3
"""A line has at least so many glyphs."""
_MARKER = 0.85
"""Brightness of the strokes of a side marker ("L BH"): two letters are enough in a corner, if saturated."""
_MIDDLE = 0.25
"""Half the side of the square in the middle, in shares of the picture, where nothing is called text."""


@dataclass(frozen=True, slots=True)
class _Glyph:
    top: int
    left: int
    bottom: int
    right: int
    grey: float

    @property
    def height(self) -> int:
        return self.bottom - self.top

    def beside(self, other: _Glyph) -> bool:
        """Whether the two may be neighbours in a line of text."""
        tall = max(self.height, other.height)
        gap = max(self.left, other.left) - min(self.right, other.right)
        level = min(self.bottom, other.bottom) - max(self.top, other.top)
        return (
            gap <= 1.1 * tall
            and level >= 0.6 * min(self.height, other.height)
            and min(self.height, other.height) >= 0.55 * tall
            and abs(self.grey - other.grey) <= 0.2
        )


@lru_cache(maxsize=16)
def text_mask(slice: Slice) -> np.ndarray | None:
    """(rows, cols) bool, read-only: True on the boxes around lines of burned-in text; None without any."""
    grey = grey_of(slice)
    step = max(1, -(-max(grey.shape) // _SIDE))
    small = blocks(grey, step)
    low, high = float(np.percentile(small, 0.5)), float(small.max())
    if not high > low or min(small.shape) < 32:
        return None
    small = (small - low) / (high - low)
    radius = max(_THIN, round(_THIN * max(small.shape) / 512))
    strokes = small - grown(shrunk(small, radius), radius) >= _BRIGHT
    found = np.zeros(small.shape, bool)
    for line in _lines(_glyphs(strokes, small)):
        top, bottom = min(g.top for g in line), max(g.bottom for g in line)
        left, right = min(g.left for g in line), max(g.right for g in line)
        away = _away((top + bottom) / 2, (left + right) / 2, small.shape)
        saturated = min(g.grey for g in line) >= _MARKER
        if max(away) >= _MIDDLE if len(line) >= _GLYPHS else saturated and min(away) >= _MIDDLE:
            pad = max(1, (bottom - top) // 4)
            found[max(0, top - pad) : bottom + pad, max(0, left - pad) : right + pad] = True
    if not found.any():
        return None
    mask = unblocked(found, step, (grey.shape[0], grey.shape[1]))
    mask.setflags(write=False)
    return mask


def _away(row: float, col: float, shape: tuple[int, ...]) -> tuple[float, float]:
    """How far down and across from the middle, in shares of the picture."""
    return abs(row / shape[0] - 0.5), abs(col / shape[1] - 0.5)


def _glyphs(strokes: np.ndarray, small: np.ndarray) -> list[_Glyph]:
    """Parts of the size of a letter, from left to right."""
    labels, count = label(strokes)
    if not count or count > 20_000:
        return []
    rows, cols = np.nonzero(labels)
    part = labels[rows, cols] - 1
    top, left = np.full(count, strokes.shape[0]), np.full(count, strokes.shape[1])
    bottom, right = np.zeros(count, int), np.zeros(count, int)
    np.minimum.at(top, part, rows)
    np.minimum.at(left, part, cols)
    np.maximum.at(bottom, part, rows + 1)
    np.maximum.at(right, part, cols + 1)
    area = np.bincount(part, minlength=count)
    grey = np.bincount(part, small[rows, cols], minlength=count) / area
    height, width = bottom - top, right - left
    tallest = max(12, small.shape[0] // 16)
    fits = (height >= 5) & (height <= tallest) & (width <= 1.6 * height) & (area >= 5)
    order = np.flatnonzero(fits)[np.argsort(left[fits], kind="stable")]
    return [_Glyph(int(top[i]), int(left[i]), int(bottom[i]), int(right[i]), float(grey[i])) for i in order]


def _lines(glyphs: list[_Glyph]) -> list[list[_Glyph]]:
    """Glyphs that stand beside one another, two or more, with one baseline or one top."""
    lines: list[list[_Glyph]] = []
    for glyph in glyphs:
        line = next((line for line in lines if line[-1].beside(glyph)), None)
        if line is None:
            lines.append([glyph])
        else:
            line.append(glyph)
    return [line for line in lines if len(line) >= 2 and _straight(line)]


def _straight(line: list[_Glyph]) -> bool:
    tall = max(glyph.height for glyph in line)
    tops, bottoms = np.array([g.top for g in line]), np.array([g.bottom for g in line])
    slack = max(1.0, 0.15 * tall)
    even = max(
        np.mean(np.abs(bottoms - np.median(bottoms)) <= slack),
        np.mean(np.abs(tops - np.median(tops)) <= slack),
    )
    wide = line[-1].right - line[0].left
    return bool(even >= 0.6 and wide >= 1.2 * tall)
