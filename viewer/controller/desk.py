"""The desk: what the parts of the controller share. Lives on the GUI thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from viewer.imaging.colormap import COLORMAPS, DEFAULT
from viewer.notice import Notice, of_error
from viewer.results import WhatIf
from viewer.session.analyses import Analyses
from viewer.session.budget import Budget
from viewer.session.history import History
from viewer.session.marks import MarkBook
from viewer.session.resolved_view import Known, PlacesKey, ResolvedView
from viewer.session.slice_store import SliceStore
from viewer.session.state import Overlay, ViewerState
from viewer.session.trust import TrustKept
from viewer.session.viewer_model import ViewerModel
from viewer.settings import Settings
from viewer.study import ScanResult, Series, Window
from viewer.view import Blank, View

if TYPE_CHECKING:
    from viewer.explain.trust.outside import Place
    from viewer.inference.bundle import ModelBundle
    from viewer.session.store import Store

PROGRESS_AFTER_MS = 300
"""What takes less shows no progress at all."""


class Desk(QObject):
    """State, what is known of it, the view, and the settings.

    `view` is what the controller shows; `shown` the ResolvedView shown last.
    """

    learned = Signal()
    """Something new is known (a slice, a result, a problem): what is shown may change."""
    study_changed = Signal()
    """Another study takes the place of the one before."""

    def __init__(
        self, settings: Settings, keep: Callable[[Settings], Any], store: Store | None, parent: QObject
    ) -> None:
        super().__init__(parent)
        self.settings = settings
        self.store = store
        self._keep = keep
        overlay = Overlay(
            opacity=settings.overlay_opacity,
            threshold=settings.overlay_threshold,
            colormap=settings.overlay_colormap if settings.overlay_colormap in COLORMAPS else DEFAULT,
            scale=settings.overlay_scale,
            evidence=settings.overlay_evidence,
        )
        self.model = ViewerModel(ViewerState(overlay=overlay, deidentified=settings.deidentified), self)
        self.view: View = Blank()
        self.shown = ResolvedView()
        self.scan = ScanResult()
        self.series: dict[str, Series] = {}
        self.memory = Budget(settings.slice_cache_mb)
        self.slices = SliceStore(self.memory.bound)
        self.problems: dict[tuple[str, int], str] = {}
        self.series_windows: dict[str, Window | None] = {}
        self.growing = False
        """Whether files of the study on the screen still arrive."""
        self.bundles: tuple[ModelBundle, ...] = ()
        self.analyses = Analyses(settings.result_cache_mb << 20)
        self.trust = TrustKept()
        self.what_if: WhatIf | None = None
        self.places: tuple[PlacesKey, tuple[Place, ...]] | None = None
        self.marks = MarkBook()
        self.history = History()
        self.study_changed.connect(self.marks.forget)

    @property
    def state(self) -> ViewerState:
        return self.model.state

    @property
    def known(self) -> Known:
        return Known(
            self.series,
            self.slices.get,
            self.problems,
            self.bundles,
            self.analyses,
            self.series_windows,
            self.what_if,
            self.trust,
            self.places,
            self.marks,
            self.history.undo_title,
            self.history.redo_title,
        )

    def keep(self, **changes: Any) -> None:
        """Change settings and save them."""
        settings = replace(self.settings, **changes)
        if settings != self.settings:
            self.settings = settings
            self._keep(settings)

    def say(self, text: str, remedy: str = "", kind: str = "info", **more: Any) -> None:
        self.view.show_notice(Notice(text, remedy, kind, **more))

    def say_error(self, error: BaseException, details: tuple[tuple[str, str], ...] = ()) -> None:
        notice = of_error(error)
        self.view.show_notice(replace(notice, details=details) if details else notice)


class ProgressLine(QObject):
    """The progress of one lane: shown after 300 ms, hidden when the work ends."""

    def __init__(self, desk: Desk, lane: str) -> None:
        super().__init__(desk)
        self._desk = desk
        self._lane = lane
        self._line: tuple[str, int, int] | None = None
        self._visible = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PROGRESS_AFTER_MS)
        self._timer.timeout.connect(self._show)

    def begin(self, title: str, total: int = 0) -> None:
        self._line = (title, 0, total)
        if self._visible:
            self._show()
        elif not self._timer.isActive():
            self._timer.start()

    def move(self, done: int, total: int) -> None:
        if self._line is not None:
            self._line = (self._line[0], done, total)
            if self._visible:
                self._show()

    def end(self) -> None:
        self._line = None
        self._timer.stop()
        if self._visible:
            self._visible = False
            self._desk.view.hide_progress(self._lane)

    def _show(self) -> None:
        if self._line is not None:
            self._visible = True
            self._desk.view.show_progress(self._lane, *self._line)
