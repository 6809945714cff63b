"""What the reader can do with marks, key images, comment and what is kept: parts of `intents.Intents`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

Point = tuple[float, float]


class MarkIntents(Protocol):
    """Marks on the slice that is shown. Points are (x, y) in slice pixels, pixel i covers [i, i + 1).

    All of them are harmless on an empty viewer, with an id that is unknown, and on another slice than the
    mark's own. A locked mark is not moved, changed or deleted: a notice says so.
    """

    def add(self, kind: str, points: Sequence[Point], text: str = "") -> str:
        """Draw a mark of `kind` (`annotate.mark.KINDS`) and choose it; its id, "" where nothing is shown."""

    def set_points(self, mark_id: str, points: Sequence[Point]) -> None:
        """Put all points of a mark elsewhere on its own slice; many in a row are one step to undo."""

    def move(self, mark_id: str, dx: float, dy: float) -> None:
        """Move a mark by (dx, dy) slice pixels; many in a row are one step to undo."""

    def end_gesture(self) -> None:
        """The mouse was let go: what comes next is another step to undo."""

    def change(self, mark_id: str, **changes: Any) -> None:
        """Change fields of a mark: text, color, locked."""

    def set_label(self, mark_id: str, point: Point | None) -> None:
        """Put the label of a mark at a point; None: wherever there is room."""

    def choose(self, mark_id: str) -> None:
        """The mark that the next key is about; "" for none."""

    def choose_next(self, n: int) -> None:
        """Choose the mark n further among those on the slice; from the last one on to the first."""

    def delete(self, mark_id: str = "") -> None:
        """Delete a mark, without an id the chosen one; undo brings it back."""

    def copy(self) -> None:
        """Keep the chosen mark for `paste`."""

    def paste(self) -> None:
        """Draw the kept mark on the slice that is shown: on the same slice a little beside."""

    def go_to(self, mark_id: str) -> None:
        """Show the slice on which a mark was drawn, and choose it."""

    def toggle(self) -> None:
        """Show all marks, or hide them."""


class KeyImageIntents(Protocol):
    """Slices that the reader wants to find again, and the comment on the study."""

    def toggle(self) -> None:
        """Make the slice on the screen a key image, or no longer."""

    def toggle_only(self) -> None:
        """Scroll through key images alone, or through all slices; without a key image a notice says so."""

    def step(self, n: int) -> None:
        """n key images further in the study, whatever the series; stops at the ends."""

    def set_comment(self, text: str) -> None:
        """Write the comment on the study that is shown; typing is one step to undo until a pause."""


class KeepingIntents(Protocol):
    """What outlives the program."""

    @property
    def can_go_on(self) -> bool:
        """Whether Glassbox was killed while a study was open, and nothing was opened since."""

    def go_on(self) -> None:
        """Open what was open when Glassbox was killed, as it was."""

    def forget_recent(self) -> None:
        """Empty the list of recent studies, and forget where studies were opened; marks stay."""
