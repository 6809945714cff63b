"""Drawing, changing and finding marks. Implements `commands.mark_intents.MarkIntents`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject

from viewer.annotate.mark import COLORS, KINDS, Mark, ShownMark
from viewer.annotate.shape import is_complete
from viewer.commands.mark_intents import Point
from viewer.controller.desk import Desk
from viewer.controller.editing import Editing
from viewer.session import marks as on_slices

PASTED_BESIDE = 12.0
"""Slice pixels by which a copy stands off, right and down, if it is pasted onto its own slice."""
MAX_TEXT = 500
"""Characters of the text of one mark."""


class Marking(QObject):
    """Changes `ViewerState.marks`; every change is a new tuple."""

    def __init__(self, desk: Desk, editing: Editing, show: Callable[[str, int], None]) -> None:
        """`show` goes to a slice: (series uid, index)."""
        super().__init__(desk)
        self._desk = desk
        self._editing = editing
        self._show = show
        self._kept: tuple[Mark, tuple[Point, ...]] | None = None
        """The mark that was copied, and its view points."""
        desk.study_changed.connect(self._forget)

    def add(self, kind: str, points: Sequence[Point], text: str = "") -> str:
        view = self._desk.shown
        if view.series is None or view.header is None or kind not in KINDS or not is_complete(kind, points):
            return ""
        return self._put(on_slices.drawn(kind, points, view.series, view.header, text[:MAX_TEXT]))

    def set_points(self, mark_id: str, points: Sequence[Point]) -> None:
        mark = self._mark(mark_id)
        if mark is not None and is_complete(mark.kind, points):
            self._edit(mark_id, lambda one: self._at(one, points), gesture="points")

    def move(self, mark_id: str, dx: float, dy: float) -> None:
        header = self._desk.shown.header
        if header is not None:
            self._edit(
                mark_id,
                lambda one: on_slices.shifted(one.mark, one.points, dx, dy, header),
                gesture="points",
            )

    def end_gesture(self) -> None:
        self._desk.history.end_gesture()

    def change(self, mark_id: str, **changes: Any) -> None:
        mark = self._mark(mark_id)
        if mark is None or changes.get("color", mark.color) not in COLORS:
            return
        if "text" in changes:
            changes["text"] = str(changes["text"])[:MAX_TEXT]
        if mark.locked and set(changes) != {"locked"}:
            self._say_locked(mark)
            return
        self._replace(replace(mark, **changes), f"text {mark.id}" if set(changes) == {"text"} else "")

    def set_label(self, mark_id: str, point: Point | None) -> None:
        header = self._desk.shown.header
        if header is not None:
            self._edit(mark_id, lambda one: on_slices.with_label(one.mark, point, header), gesture="label")

    def choose(self, mark_id: str) -> None:
        if not mark_id or self._mark(mark_id) is not None:
            self._desk.model.update(chosen_mark=mark_id)

    def choose_next(self, n: int) -> None:
        own = [one.mark.id for one in self._desk.shown.marks if not one.faint]
        if own:
            chosen = self._desk.state.chosen_mark
            at = own.index(chosen) + n if chosen in own else (0 if n > 0 else -1)
            self.choose(own[at % len(own)])

    def delete(self, mark_id: str = "") -> None:
        mark = self._mark(mark_id or self._desk.state.chosen_mark)
        if mark is None:
            return
        if mark.locked:
            self._say_locked(mark)
            return
        left = tuple(one for one in self._desk.state.marks if one.id != mark.id)
        self._desk.model.update(marks=left, chosen_mark="")

    def copy(self) -> None:
        shown = self._shown(self._desk.state.chosen_mark)
        if shown is not None:
            self._kept = (shown.mark, shown.points)

    @property
    def copied(self) -> bool:
        """Whether there is something to paste."""
        return self._kept is not None

    def paste(self) -> None:
        view = self._desk.shown
        if self._kept is None or view.series is None or view.header is None:
            return
        mark, points = self._kept
        if mark.instance == view.header.key:
            points = tuple((x + PASTED_BESIDE, y + PASTED_BESIDE) for x, y in points)
            self._kept = (mark, points)
        new = on_slices.drawn(mark.kind, points, view.series, view.header, mark.text, mark.color)
        self._put(new)

    def go_to(self, mark_id: str) -> None:
        mark = self._mark(mark_id)
        series = self._desk.series.get(mark.series) if mark is not None else None
        index = on_slices.index_of(mark.instance, series) if mark is not None and series is not None else None
        if mark is None or series is None or index is None:
            if mark is not None:
                self._desk.say(
                    f"The slice of this {on_slices.noun(mark)} is not among the files that are open.",
                    "Open the folder that holds it.",
                    "warning",
                )
            return
        self._show(series.uid, index)
        self._desk.model.update(chosen_mark=mark.id)

    def toggle(self) -> None:
        self._desk.model.update(marks_visible=not self._desk.state.marks_visible)

    def _put(self, mark: Mark) -> str:
        state = self._desk.state
        self._desk.model.update(marks=(*state.marks, mark), chosen_mark=mark.id, marks_visible=True)
        return mark.id

    def _at(self, shown: ShownMark, points: Sequence[Point]) -> Mark:
        header = self._desk.shown.header
        assert header is not None  # or nothing would be shown
        return on_slices.with_points(shown.mark, points, header)

    def _edit(self, mark_id: str, change: Callable[[ShownMark], Mark], *, gesture: str) -> None:
        """Change a mark of the slice on the screen, unless it is locked."""
        shown = self._shown(mark_id)
        if shown is None or shown.faint:
            return
        if shown.mark.locked:
            self._say_locked(shown.mark)
            return
        self._replace(change(shown), f"{gesture} {mark_id}")

    def _replace(self, mark: Mark, gesture: str = "") -> None:
        marks = tuple(mark if one.id == mark.id else one for one in self._desk.state.marks)
        with self._editing.gesture(gesture):
            self._desk.model.update(marks=marks)

    def _mark(self, mark_id: str) -> Mark | None:
        return next((one for one in self._desk.state.marks if one.id == mark_id), None)

    def _shown(self, mark_id: str) -> ShownMark | None:
        return next((one for one in self._desk.shown.marks if one.mark.id == mark_id), None)

    def _say_locked(self, mark: Mark) -> None:
        self._desk.say(f"This {on_slices.noun(mark)} is locked.", "Unlock it to change it.")

    def _forget(self) -> None:
        self._kept = None
