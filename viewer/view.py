"""What the controller needs of a view. The window implements it; tests use one without a window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np

    from viewer.dicom.tag_table import TagRow
    from viewer.inference.card import Card
    from viewer.notice import Notice
    from viewer.session.kept import Recent
    from viewer.session.resolved_view import ResolvedView
    from viewer.study import ScanResult


class View(Protocol):
    """Setters only, called on the GUI thread. A view emits intents and never changes itself."""

    def show_view(self, view: ResolvedView, previous: ResolvedView | None) -> None:
        """Show `view`; `previous` is what was shown before, None the first time: draw the difference.

        Values that did not change are the same objects, so `is` finds what did. Called after every
        change of state, also where only the enabled or checked state of commands may have changed.
        """
        ...

    def show_scan(self, result: ScanResult, *, running: bool) -> None:
        """Show the series found so far, and the files skipped. Series uids stay stable as they grow."""
        ...

    def show_thumbnail(self, series_uid: str, grey: np.ndarray) -> None:
        """`grey` is (h, w) uint8, windowed, square pixels, at most 96 on its longer side."""
        ...

    def show_no_thumbnail(self, series_uid: str, reason: str) -> None:
        """A series of which there is no picture, and why, in one sentence."""
        ...

    def show_progress(self, lane: str, title: str, done: int, total: int) -> None:
        """`lane` is "dicom", "inference", "explanation" or "trust"; `total` 0 means unknown. First called
        after 300 ms."""
        ...

    def hide_progress(self, lane: str) -> None: ...

    def show_notice(self, notice: Notice) -> None: ...

    def show_models(self, cards: Sequence[Card], chosen: str | None) -> None:
        """`chosen` is the `name` of one of the cards."""
        ...

    def show_device(self, text: str) -> None:
        """ "CUDA", "CPU", …; "" before the first model is loaded."""
        ...

    def show_recent(self, recent: Sequence[Recent]) -> None:
        """Studies opened lately, newest first."""
        ...

    def show_unfinished(self, unfinished: Recent | None) -> None:
        """What was open when Glassbox was killed: the command "study.go_on" opens it. None: nothing, or
        something was opened since."""
        ...

    def ask_study(self, why: str) -> None:
        """Ask for the folder of the study that a report waits for, and call `Intents.open_study` with it."""
        ...

    def show_tags(self, rows: Sequence[TagRow], problem: str = "") -> None:
        """The attributes of the slice on the screen; a sentence in their place if they cannot be read."""
        ...


class Blank:
    """A view that shows nothing: stands in until a window is attached, and after it is gone."""

    def show_view(self, view: ResolvedView, previous: ResolvedView | None) -> None:
        pass

    def show_scan(self, result: ScanResult, *, running: bool) -> None:
        pass

    def show_thumbnail(self, series_uid: str, grey: np.ndarray) -> None:
        pass

    def show_no_thumbnail(self, series_uid: str, reason: str) -> None:
        pass

    def show_progress(self, lane: str, title: str, done: int, total: int) -> None:
        pass

    def hide_progress(self, lane: str) -> None:
        pass

    def show_notice(self, notice: Notice) -> None:
        pass

    def show_models(self, cards: Sequence[Card], chosen: str | None) -> None:
        pass

    def show_device(self, text: str) -> None:
        pass

    def show_recent(self, recent: Sequence[Recent]) -> None:
        pass

    def show_unfinished(self, unfinished: Recent | None) -> None:
        pass

    def ask_study(self, why: str) -> None:
        pass

    def show_tags(self, rows: Sequence[TagRow], problem: str = "") -> None:
        pass
