"""Undo and redo by value: a step is the state before and the state after it, never an inverse operation."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

from viewer.annotate.mark import KINDS, Mark
from viewer.session.state import ViewerState

TITLES = {
    "marks": "Mark",
    "key_images": "Key Image",
    "comments": "Comment",
    "region": "Region of the Finding",
    "occluder": "Covered Box",
    "window": "Window",
    "voi_lut": "Window",
    "invert": "Invert",
    "graphics": "File Graphics",
    "shutter": "Display Shutter",
    "presentation": "View",
    "truth_view": "What the Network Saw",
    "overlay": "Heatmap",
    "explanation": "Explanation",
}
"""Field of the state that can be taken back -> what the menu calls its change; the first names a step."""

PLACED = ("marks", "key_images", "region", "occluder")
"""Fields that lie on a slice: taking back a change of them goes there."""

MOST = 500
"""Steps that are kept; the oldest go first."""

PAUSE_S = 0.8
"""Seconds without a change that end a gesture."""

_WHAT = tuple(TITLES)
assert set(_WHAT) <= {one.name for one in fields(ViewerState)}


@dataclass(frozen=True, slots=True)
class Step:
    """One change. States share what did not change, so a step costs little more than what did."""

    title: str
    before: ViewerState
    after: ViewerState


class History:
    """The steps that can be taken back, and those that can be done again.

    Parameters
    ----------
    clock : seconds, to tell gestures apart.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._done: list[Step] = []
        self._undone: list[Step] = []
        self._gesture = ""
        self._last = float("-inf")

    @property
    def undo_title(self) -> str:
        """What the next `undo` takes back; "" for nothing."""
        return self._done[-1].title if self._done else ""

    @property
    def redo_title(self) -> str:
        return self._undone[-1].title if self._undone else ""

    def record(self, old: ViewerState, new: ViewerState, gesture: str = "") -> None:
        """Keep a change that the reader made.

        A change of no field of `TITLES` is none; nor is what goes with a change of series.

        Parameters
        ----------
        gesture : name of the drag it is part of: changes of one gesture, less than `PAUSE_S` apart, are one
            step.
        """
        if old.series != new.series or _changes(old, new) == {}:
            return
        now, same = self._clock(), bool(gesture) and gesture == self._gesture
        going_on = same and now - self._last < PAUSE_S and bool(self._done)
        self._gesture, self._last = gesture, now
        self._undone.clear()
        before = self._done.pop().before if going_on else old
        if _changes(before, new):
            self._done.append(Step(_title(before, new), before, new))
        del self._done[:-MOST]

    def end_gesture(self) -> None:
        """The next change is a step of its own: the mouse was let go."""
        self._gesture = ""

    def undo(self, now: ViewerState) -> dict[str, Any]:
        """The changes of `now` that take the last step back; empty without one."""
        if not self._done:
            return {}
        step = self._done.pop()
        self._undone.append(step)
        self._gesture = ""
        return _back(now, step.after, step.before)

    def redo(self, now: ViewerState) -> dict[str, Any]:
        """The changes of `now` that do the step again that was taken back last; empty without one."""
        if not self._undone:
            return {}
        step = self._undone.pop()
        self._done.append(step)
        self._gesture = ""
        return _back(now, step.before, step.after)

    def forget(self) -> None:
        """Another study: nothing of the last one can be taken back."""
        self._done.clear()
        self._undone.clear()
        self._gesture = ""

    def rebase(self, change: Callable[[ViewerState], ViewerState]) -> None:
        """Apply to every state kept what came from elsewhere, so that no undo takes it away again: the marks
        of another window, or those that were loaded."""
        self._done = [_rebased(step, change) for step in self._done]
        self._undone = [_rebased(step, change) for step in self._undone]


def _rebased(step: Step, change: Callable[[ViewerState], ViewerState]) -> Step:
    return replace(step, before=change(step.before), after=change(step.after))


def _changes(old: ViewerState, new: ViewerState) -> dict[str, Any]:
    """Fields of `TITLES` that differ -> their new values."""
    return {name: getattr(new, name) for name in _WHAT if getattr(old, name) != getattr(new, name)}


def _back(now: ViewerState, left: ViewerState, wanted: ViewerState) -> dict[str, Any]:
    """The changes that bring `now` from one side of a step to the other, where the step was made."""
    found = _changes(left, wanted)
    found["series"] = wanted.series
    if any(name in found for name in PLACED) or now.series != wanted.series:
        found["slice"] = wanted.slice
    if now.series != wanted.series:  # the window and the place of another series are none of this one
        found.update(
            {name: getattr(wanted, name) for name in ("window", "voi_lut", "invert", "presentation")}
        )
    if "marks" in found:
        there = {mark.id for mark in found["marks"]}
        found["chosen_mark"] = now.chosen_mark if now.chosen_mark in there else ""
    return found


def _title(before: ViewerState, after: ViewerState) -> str:
    """What the menu calls a step: "Draw Length", "Delete 2 Marks", "Window"."""
    name = next(iter(_changes(before, after)))
    if name != "marks":
        return TITLES[name]
    old, new = ({mark.id: mark for mark in state.marks} for state in (before, after))
    for verb, found in (
        ("Draw", [new[id] for id in new if id not in old]),
        ("Delete", [old[id] for id in old if id not in new]),
        ("Change", [new[id] for id in new if id in old and new[id] != old[id]]),
    ):
        if found:
            return f"{verb} {_what(found)}"
    return TITLES[name]


def _what(marks: list[Mark]) -> str:
    return KINDS[marks[0].kind].title if len(marks) == 1 else f"{len(marks)} Marks"
