"""The rows of the list of marks: what each says, worked out only when it comes in sight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from viewer.annotate import words
from viewer.annotate.mark import KINDS, Figure, Mark, ShownMark, Statistics
from viewer.results import SliceKey
from viewer.session import marks as on_slices
from viewer.session.resolved_view import ResolvedView
from viewer.session.slice_places import Place, Places

NOT_OPEN = "On slices that are not open"


@dataclass(frozen=True, eq=False, slots=True)
class Heading:
    """Stands above the marks of one slice."""

    text: str
    instance: SliceKey | None
    """The slice; None for all slices that are not open."""


@dataclass(frozen=True, eq=False, slots=True)
class Row:
    """One mark."""

    mark: Mark
    place: Place | None


def rows_of(marks: Sequence[Mark], places: Places) -> list[Heading | Row]:
    """All marks, slice by slice in the order of the tree; those of slices that are not open come last."""
    found = [Row(mark, places.find(mark.instance)) for mark in marks]
    found.sort(key=lambda row: (row.place is None, row.place.order if row.place is not None else (0, 0)))
    rows: list[Heading | Row] = []
    for row in found:
        at = _heading_of(row)
        before = rows[-1] if rows else None
        if not isinstance(before, Row) or _heading_of(before) != at:
            rows.append(Heading(row.place.title if row.place is not None else NOT_OPEN, at))
        rows.append(row)
    return rows


def _heading_of(row: Row) -> SliceKey | None:
    return row.mark.instance if row.place is not None else None


class RowWords:
    """What the rows say. Of a mark on another slice: its geometry, and what its pixels gave when it was seen.

    Nothing outlives what it was made of: a mark that changed is another value, and says nothing of before.
    """

    def __init__(self) -> None:
        self._on_screen: dict[str, ShownMark] = {}
        self._kept: dict[str, tuple[Mark, ShownMark | None]] = {}
        self._pixels: dict[str, tuple[Mark, tuple[Figure, ...], Statistics | None]] = {}
        self._last: tuple[ShownMark, ...] | None = None

    def follow(self, view: ResolvedView) -> bool:
        """Take what is on the screen; whether that changed."""
        if view.marks is self._last:
            return False
        self._last = view.marks
        self._on_screen = {one.mark.id: one for one in view.marks if not one.faint}
        for one in self._on_screen.values() if view.slice is not None else ():
            seen = self._pixels.get(one.mark.id)
            if one.statistics is None and seen is not None and _same_pixels(seen[0], one.mark):
                continue  # measured again with another heatmap, which changes nothing of what is kept
            self._pixels[one.mark.id] = (one.mark, one.figures, _of_pixels(one.statistics))
        return True

    def forget(self) -> None:
        """Other series are open."""
        self._kept.clear()
        self._pixels.clear()
        self._last = None

    def shown(self, row: Row) -> ShownMark | None:
        """A mark with its figures; None on a slice that is not open."""
        mark = row.mark
        there = self._on_screen.get(mark.id)
        if there is not None and there.mark == mark:
            return there
        kept = self._kept.get(mark.id)
        if kept is None or kept[0] != mark:
            place = row.place
            alone = (
                on_slices.shown_mark(mark, place.series, place.header, None) if place is not None else None
            )
            kept = self._kept[mark.id] = (mark, alone)
        seen = self._pixels.get(mark.id)
        if kept[1] is None or seen is None or not _same_pixels(seen[0], mark):
            return kept[1]
        return replace(kept[1], figures=seen[1], statistics=seen[2])

    def lines(self, row: Row) -> tuple[str, str]:
        """Name and figures, one line each."""
        shown = self.shown(row)
        title = KINDS[row.mark.kind].title
        text = " ".join(row.mark.text.split())
        plain = replace(shown, mark=replace(row.mark, text="")) if shown is not None else None
        figures = " · ".join(words.label_lines(plain)) if plain is not None else ""
        return text or title, " · ".join(part for part in (title if text else "", figures) if part)


def _same_pixels(one: Mark, other: Mark) -> bool:
    """Whether two states of a mark cover the same pixels."""
    return one is other or (one.points, one.instance, one.kind) == (other.points, other.instance, other.kind)


def _of_pixels(statistics: Statistics | None) -> Statistics | None:
    """Without the scores of a heatmap: on another slice there is another one."""
    if statistics is None:
        return None
    return replace(statistics, figures=tuple(one for one in statistics.figures if one.chance is None))
