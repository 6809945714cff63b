"""Key images and the comment: which slices the reader wants to find again, and scrolling through them alone.

Implements `commands.mark_intents.KeyImageIntents`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable

from PySide6.QtCore import QObject

from viewer.annotate.mark import KeyImage
from viewer.controller.desk import Desk
from viewer.controller.editing import Editing
from viewer.session.slice_places import indices_in


class KeyImages(QObject):
    """Changes `ViewerState.key_images`, `only_key_images` and `comments`."""

    def __init__(self, desk: Desk, editing: Editing, show: Callable[[str, int], None]) -> None:
        """`show` goes to a slice: (series uid, index)."""
        super().__init__(desk)
        self._desk = desk
        self._editing = editing
        self._show = show

    def toggle(self) -> None:
        view, state = self._desk.shown, self._desk.state
        if view.series is None or view.header is None:
            return
        key = view.header.key
        left = tuple(one for one in state.key_images if one.instance != key)
        if len(left) == len(state.key_images):
            left = (*left, KeyImage(view.series.study_instance_uid, view.series.uid, key))
        self._desk.model.update(key_images=left)
        if self._desk.state.only_key_images and not self._desk.shown.key_images:
            self._end_filter()

    def toggle_only(self) -> None:
        desk = self._desk
        if not desk.state.only_key_images and not self._places():
            desk.say("This study has no key image.", "Choose one with K.", "warning")
            return
        desk.model.update(only_key_images=not desk.state.only_key_images)
        view = desk.shown
        if view.series is not None and view.only_key_images and not view.is_key_image:
            nearest = self.nearest(view.index)
            if nearest is None:
                self.step(1)
            else:
                self._show(view.series.uid, nearest)

    def step(self, n: int) -> None:
        view, places = self._desk.shown, self._places()
        if view.series is None or not n:
            return
        if not places:
            if view.only_key_images:
                self._end_filter()
            return
        order = list(self._desk.series)
        here = (order.index(view.series.uid), view.index)
        at = bisect_right(places, here) + n - 1 if n > 0 else bisect_left(places, here) + n
        rank, index = places[min(max(at, 0), len(places) - 1)]
        if (rank, index) != here:
            self._show(order[rank], index)

    def nearest(self, index: int) -> int | None:
        """The key image of the series on the screen that is nearest to slice `index`; None without one."""
        view = self._desk.shown
        if view.series is None:
            return None
        found = indices_in(view.series, [one.instance for one in view.key_images])
        return min(found, key=lambda one: abs(one - index), default=None)

    def set_comment(self, text: str) -> None:
        view, state = self._desk.shown, self._desk.state
        if view.series is None:
            return
        study = view.series.study_instance_uid
        left = tuple(one for one in state.comments if one[0] != study)
        comments = (*left, (study, text)) if text.strip() else left
        with self._editing.gesture(f"comment {study}"):
            self._desk.model.update(comments=comments)

    def _places(self) -> list[tuple[int, int]]:
        """(rank of its series, index) of every key image of the study whose slice is open, in order.

        By instance: which group of a series a slice falls into may differ from one opening to the next.
        """
        view = self._desk.shown
        if view.series is None:
            return []
        study, keys = view.series.study_instance_uid, [one.instance for one in view.key_images]
        ranked = enumerate(self._desk.series.values())
        of_study = [(rank, series) for rank, series in ranked if series.study_instance_uid == study]
        return [(rank, index) for rank, series in of_study for index in indices_in(series, keys)]

    def _end_filter(self) -> None:
        self._desk.model.update(only_key_images=False)
        self._desk.say("This study has no key image any more: all slices are scrolled through again.")
