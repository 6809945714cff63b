"""Which marks stand on a slice, where, and with which figures; and how a change of one is a new value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from viewer.annotate import measure, placing
from viewer.annotate.mark import KINDS, PATIENT, Mark, ShownMark, Statistics, new_id
from viewer.results import Heatmap, SliceKey
from viewer.session.state import Overlay
from viewer.study import Series, Slice, SliceHeader, Vector

Point = tuple[float, float]
HeatKey = tuple[object, str, str] | None
"""Result key, layer and sign of the heat that statistics were made with; None without a map."""

_NOTHING: Mapping[str, Series] = MappingProxyType({})
_MOST = 4000
"""Places and statistics that are kept."""


def heat_key(heatmap: Heatmap | None, overlay: Overlay) -> HeatKey:
    """What tells the heat that a reader sees from other heat; None where no map is drawn."""
    if heatmap is None or not overlay.visible:
        return None
    return heatmap.key, heatmap.layer.name, "negative" if overlay.evidence == "negative" else "positive"


def heat_in_sight(heatmap: Heatmap | None, overlay: Overlay) -> np.ndarray | None:
    """(rows, cols) heat whose positive part counts for a region: evidence for the finding, or, where evidence
    against it is drawn alone, that; None where no map is drawn."""
    if heatmap is None or not overlay.visible:
        return None
    return -heatmap.values if overlay.evidence == "negative" else heatmap.values


@dataclass(frozen=True, eq=False, slots=True)
class _Placed:
    """A mark on a slice, and what that was worked out of: (mark, series, home, whether there were pixels)."""

    of: tuple[object, ...]
    shown: ShownMark | None


class MarkBook:
    """What was worked out of marks: where they stand, their figures, their statistics.

    The same question gives the same object, so that a view sees at once what changed.
    """

    def __init__(self) -> None:
        self._placed: dict[tuple[str, str, SliceKey], _Placed] = {}
        self._statistics: dict[str, tuple[tuple[Vector, ...], HeatKey, Statistics]] = {}
        self._last: tuple[tuple[object, ...], tuple[ShownMark, ...]] | None = None
        self._learned = 0
        self._starts: tuple[Sequence[Mark], np.ndarray] = ((), np.empty((0, 3)))
        """The first point of every mark, mm; NaN of one that is not in the patient."""

    def forget(self) -> None:
        """Another study is opened."""
        self._placed.clear()
        self._statistics.clear()
        self._last = None
        self._starts = ((), np.empty((0, 3)))

    def learn(self, mark: Mark, heat: HeatKey, statistics: Statistics) -> None:
        """Keep the statistics of a region of the slice it was drawn on."""
        if len(self._statistics) > _MOST:
            self._statistics.clear()
        self._statistics[mark.id] = (mark.points, heat, statistics)
        self._learned += 1

    def known(self, mark: Mark, heat: HeatKey) -> Statistics | None:
        """The statistics of a region, if they were made of it as it stands now, and with this map."""
        points, with_heat, statistics = self._statistics.get(mark.id, (None, None, None))
        return statistics if points == mark.points and with_heat == heat else None

    def on(
        self,
        marks: Sequence[Mark],
        series: Series,
        header: SliceHeader,
        *,
        slice: Slice | None,
        heat: HeatKey = None,
        opened: Mapping[str, Series] = _NOTHING,
    ) -> tuple[ShownMark, ...]:
        """The marks on a slice: its own in the order of drawing, then, faint, those of its neighbours.

        Figures that need pixels are missing while `slice` is None; statistics until they were learned.
        `opened` are all series by uid: a mark shows faintly on another one of its frame of reference.
        """
        asked = (marks, series, header, slice, heat, self._learned)
        if self._last is not None and _same(self._last[0], asked):
            return self._last[1]
        near = self._near(marks, series, header)
        found = [self._one(mark, series, header, slice, opened.get(mark.series)) for mark in near]
        there = [one for one in found if one is not None]
        shown = tuple(
            replace(one, statistics=self.known(one.mark, heat))
            if one.mark.is_region and not one.faint
            else one
            for one in sorted(there, key=lambda one: one.faint)
        )
        if self._last is not None:
            shown = _kept(self._last[1], shown)
        self._last = (asked, shown)
        return shown

    def _near(self, marks: Sequence[Mark], series: Series, header: SliceHeader) -> list[Mark]:
        """The marks that may stand on a slice: those that begin near its plane, and its own. Quick, for every
        step of a scroll asks it of all marks."""
        place = header.geometry
        if place.normal is None or place.position is None:
            return [mark for mark in marks if mark.instance == header.key]
        if self._starts[0] is not marks:
            unknown = (np.nan,) * 3
            first = [mark.points[0] if mark.space == PATIENT else unknown for mark in marks]
            self._starts = (marks, np.array(first, float).reshape(-1, 3))
        off = np.abs((self._starts[1] - np.array(place.position)) @ np.array(place.normal))
        close = (off <= placing.reach(series)).tolist()
        return [mark for mark, near in zip(marks, close, strict=True) if near or mark.instance == header.key]

    def _one(
        self, mark: Mark, series: Series, header: SliceHeader, slice: Slice | None, home: Series | None
    ) -> ShownMark | None:
        if mark.study != series.study_instance_uid:
            return None
        key = (mark.id, series.uid, header.key)
        kept, of = self._placed.get(key), (mark, series, home, slice is not None)
        if kept is None or any(a is not b for a, b in zip(kept.of, of, strict=True)):
            if len(self._placed) > _MOST:
                self._placed.clear()
            shown = shown_mark(mark, series, header, slice, home)
            kept = self._placed[key] = _Placed(of, shown)
        return kept.shown


def shown_mark(
    mark: Mark, series: Series, header: SliceHeader, slice: Slice | None, home: Series | None = None
) -> ShownMark | None:
    """A mark as it stands on a slice, without statistics; None where it does not.

    `home` is the series it was drawn in, if that is open.
    """
    where = placing.on_this(mark, series, header, home)
    points = placing.to_view(mark, header) if where else None
    if points is None:
        return None
    label = None
    if mark.label is not None:
        dragged = placing.to_view(replace(mark, points=(mark.label,)), header)
        label = dragged[0] if dragged else None
    figures = measure.figures(mark, points, header, slice) if where == "own" else ()
    return ShownMark(mark, points, label, where == "faint", figures)


def _same(one: tuple[object, ...], other: tuple[object, ...]) -> bool:
    """Whether two questions are the same: keys and numbers by value, everything else by identity."""
    return all(a is b for a, b in zip(one[:4], other[:4], strict=True)) and one[4:] == other[4:]


def _kept(old: tuple[ShownMark, ...], new: tuple[ShownMark, ...]) -> tuple[ShownMark, ...]:
    """`new`, with the old objects where they say the same; the old tuple itself where all of them do."""
    by_id = {one.mark.id: one for one in old}
    found = []
    for one in new:
        before = by_id.get(one.mark.id)
        found.append(before if before is not None and before == one else one)
    same = len(found) == len(old) and all(a is b for a, b in zip(found, old, strict=True))
    return old if same else tuple(found)


def drawn(
    kind: str, points: Sequence[Point], series: Series, header: SliceHeader, text: str = "", color: str = ""
) -> Mark:
    """A new mark at view points (x, y) of a slice."""
    space, placed = placing.to_mark(points, header)
    new = Mark(new_id(), kind, series.study_instance_uid, series.uid, header.key, placed, space, text)
    return replace(new, color=color) if color else new


def with_points(mark: Mark, points: Sequence[Point], header: SliceHeader) -> Mark:
    """The mark at other view points of the slice it was drawn on."""
    space, placed = placing.to_mark(points, header)
    return replace(mark, points=placed, space=space)


def with_label(mark: Mark, point: Point | None, header: SliceHeader) -> Mark:
    """The mark with its label at a view point; None: wherever there is room."""
    return replace(mark, label=None if point is None else placing.to_mark([point], header)[1][0])


def shifted(mark: Mark, points: Sequence[Point], dx: float, dy: float, header: SliceHeader) -> Mark:
    """The mark moved by (dx, dy) slice pixels from view points; a label that was dragged goes with it."""
    moved = with_points(mark, [(x + dx, y + dy) for x, y in points], header)
    if mark.label is None:
        return moved
    label = placing.to_view(replace(mark, points=(mark.label,)), header)
    return moved if label is None else with_label(moved, (label[0][0] + dx, label[0][1] + dy), header)


def index_of(instance: SliceKey, series: Series) -> int | None:
    """Where a slice lies in a series, or None."""
    return next((i for i, header in enumerate(series.slices) if header.key == instance), None)


def noun(mark: Mark) -> str:
    """What a sentence calls a mark: "length", "cobb angle"."""
    return KINDS[mark.kind].title.lower()
