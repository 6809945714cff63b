"""The window: puts the parts in their places, shows what the controller says, asks what needs asking."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QByteArray, QEvent, QSize, Qt, QTimer
from PySide6.QtGui import (
    QAction,
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QGuiApplication,
    QKeyEvent,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMainWindow,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from viewer.commands.command import CommandRegistry
from viewer.commands.defaults import PRESET_KEYS, window_commands
from viewer.notice import Notice
from viewer.session.kept import Recent
from viewer.session.resolved_view import ResolvedView
from viewer.settings import Settings
from viewer.study import ScanResult
from viewer.ui import theme
from viewer.ui.asking_window import AskingWindow
from viewer.ui.disclaimer_line import DisclaimerLine
from viewer.ui.dock import Dock
from viewer.ui.intents import WindowIntents
from viewer.ui.marks_panel import MarksPanel
from viewer.ui.menus import Menus
from viewer.ui.model_bar import ModelBar
from viewer.ui.notices import NoticeBar
from viewer.ui.panel_commands import panel_commands
from viewer.ui.preferences import Preferences
from viewer.ui.progress_line import ProgressLine
from viewer.ui.room import Room
from viewer.ui.series_panel import SeriesPanel
from viewer.ui.slice_ribbon import SliceRibbon
from viewer.ui.start_page import StartPage
from viewer.ui.toolbar import Toolbar
from viewer.ui.viewport import Viewport
from viewer.ui.window_dialog import choice_title

if TYPE_CHECKING:
    from viewer.dicom.tag_table import TagRow
    from viewer.inference.card import Card
    from viewer.ui.ai_panel import AiPanel
    from viewer.ui.levels_dock import LevelsPanel
    from viewer.ui.truth_view import TruthView


FRAME = QSize(16, 48)
"""What borders and title bar of a window may need, at any size of the interface: Qt tells it only once the
window is on the screen."""


class MainWindow(AskingWindow):
    """Implements `viewer.view.View`; what it asks stands in `AskingWindow`.

    Adds its own rows (dialogs, panels) to `commands`, then builds menus and toolbar from all of them.
    """

    def __init__(
        self, intents: WindowIntents, commands: CommandRegistry, settings: Settings | None = None
    ) -> None:
        super().__init__()
        settings = settings or Settings()
        theme.choose(settings.theme)
        self.setObjectName("glassbox")
        self.setWindowTitle("Glassbox")
        self.setWindowIcon(theme.icon("glassbox", theme.DARK.accent))
        self.setAcceptDrops(True)
        self.setDockOptions(QMainWindow.DockOption.AnimatedDocks | QMainWindow.DockOption.AllowNestedDocks)
        self._intents = intents
        self._commands = commands
        self._view = ResolvedView()
        self._recent: tuple[Recent, ...] = ()
        self._peeking = False
        self._ai_declined = False
        self._studies_declined = False
        self._hidden_by_maximise: list[QWidget] | None = None
        self._ai: AiPanel | None = None
        self._levels: LevelsPanel | None = None
        self._truth: TruthView | None = None
        self._build(intents)
        self.disclaimer.setVisible(not settings.disclaimer_read)
        self.preferences = Preferences(
            intents,
            settings,
            commands,
            self.viewport,
            self.start.question,
            window=self,
            dress=self.dress,
            say=self.show_notice,
        )
        panels = panel_commands(self, self.preferences, self.viewport.marking, intents)
        for rows in (window_commands(self, intents), panels):
            commands.add(row for row in rows if row.id not in commands)
        self.preferences.follow_keys()
        self.menus = Menus(self, commands)
        self.menus.menus["Image"].aboutToShow.connect(self._name_presets)
        self.toolbar = Toolbar(self.menus, self.models, intents, self)
        self.toolbar.numbers_asked.connect(self.ask_window)
        self.addToolBar(self.toolbar)
        theme.finish()
        self._fit_screen(settings)
        self.show_view(ResolvedView(), None)

    def _build(self, intents: WindowIntents) -> None:
        self.start = StartPage(intents)
        self.start.folder_asked.connect(self.ask_open_folder)
        self.start.file_asked.connect(self.ask_open_file)
        self.start.guide_asked.connect(self.show_guide)
        self.viewport = Viewport(intents)
        self.viewport.maximise_asked.connect(self.toggle_maximised)
        self.ribbon = SliceRibbon(intents)
        self.notices = NoticeBar()
        self.models = ModelBar(intents)
        self.models.add_asked.connect(self.ask_add_model)
        picture = QWidget()
        row = QHBoxLayout(picture)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.viewport, 3)
        row.addWidget(self.ribbon)
        self._beside = row
        self.disclaimer = DisclaimerLine(intents)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.start)
        self._pages.addWidget(picture)
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for part, stretch in ((self.disclaimer, 0), (self._pages, 1), (self.notices, 0)):
            column.addWidget(part, stretch)
        self.setCentralWidget(middle)
        self.series = SeriesPanel(intents)
        self.series.skipped_asked.connect(self.show_skipped)
        self.marks = MarksPanel(intents)
        self.marks.done.connect(self.viewport.setFocus)
        self.docks = {
            "studies": Dock("studies", "Studies", self.series, self),
            "ai": Dock("ai", "Second opinion", None, self),
            "marks": Dock("marks", "Marks and key images", self.marks, self),
        }
        self.docks["ai"].opening.connect(self._make_ai)  # before the room for it is measured
        self.docks["ai"].closed_by_reader.connect(self._decline_ai)
        self.docks["studies"].closed_by_reader.connect(self._decline_studies)
        self.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, self.docks["studies"])
        for name in ("ai", "marks"):
            self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.docks[name])
        for dock in self.docks.values():
            dock.hide()
        self._room = Room(self, self.docks, self.viewport)

    def _fit_screen(self, settings: Settings) -> None:
        """The size and place of the last run, else a size that suits the screen."""
        available = QGuiApplication.primaryScreen().availableGeometry().size()
        self.resize(QSize(1440, 900).boundedTo(available - FRAME / settings.ui_scale))
        if settings.window_geometry:
            geometry = settings.window_geometry.encode("ascii", "ignore")
            self.restoreGeometry(QByteArray.fromBase64(geometry))

    # What the controller says: viewer.view.View

    def show_view(self, view: ResolvedView, previous: ResolvedView | None) -> None:
        self._view = view
        opened = view.series is not None
        if self._pages.currentIndex() != int(opened):
            self._pages.setCurrentIndex(int(opened))
            (self.viewport if opened else self.start.folder).setFocus()
        self.viewport.show_view(view)
        self.ribbon.show_view(view)
        self._show_truth(view)
        for part in (self.series, self.start, self.toolbar):
            part.hide_identity(view.deidentified)
        self.series.show_chosen(view.series.uid if view.series else None)
        self.series.show_key_images(view)
        if self._ai is not None:
            self._ai.show_view(view)
        self.marks.show_view(view)
        self.models.show_model(view.card.name if view.card else None)
        if view.prediction is not None and not self._ai_declined and self._hidden_by_maximise is None:
            self._show_dock("ai")
        if self._levels is not None and self._levels.isVisible():
            self._levels.show_view(view)
        if self._window_dialog is not None and self._window_dialog.isVisible():
            self._window_dialog.show_view(view)
        if self._tag_browser is not None and self._tag_browser.isVisible():
            self._tag_browser.show_view(view)
        if view.series is None:
            self.setWindowTitle("Glassbox")
        else:
            description = "" if view.deidentified else view.series.description
            # A plain hyphen: X11 programs that read WM_NAME understand nothing beyond Latin-1.
            self.setWindowTitle(f"{description or view.series.modality} - Glassbox")
        self.menus.refresh()
        self.ask_what_waited()

    def show_scan(self, result: ScanResult, *, running: bool) -> None:
        self.series.show_scan(result, running=running)
        self.marks.show_scan(result)
        self.series.show_chosen(self._view.series.uid if self._view.series else None)
        if result.series or result.skipped:
            self._show_studies()

    def show_thumbnail(self, series_uid: str, grey: np.ndarray) -> None:
        self.series.show_thumbnail(series_uid, grey)

    def show_no_thumbnail(self, series_uid: str, reason: str) -> None:
        self.series.show_no_thumbnail(series_uid, reason)

    def show_progress(self, lane: str, title: str, done: int, total: int) -> None:
        if lane == "dicom":
            if self.series.progress.isHidden():
                self._studies_declined = False  # something else is being opened
            self._show_studies()
        self._line(lane).show_progress(title, done, total)

    def hide_progress(self, lane: str) -> None:
        self._line(lane).hide()

    def _line(self, lane: str) -> ProgressLine:
        if lane == "trust":
            return self.ai.trust.progress
        lines = {"dicom": self.series.progress, "explanation": self.models.explanation}
        return lines.get(lane, self.models.progress)

    def show_notice(self, notice: Notice) -> None:
        self.notices.show_notice(notice)

    def show_models(self, cards: Sequence[Card], chosen: str | None) -> None:
        self.models.show_models(cards, chosen)

    def show_device(self, text: str) -> None:
        self.models.show_device(text)

    def show_tags(self, rows: Sequence[TagRow], problem: str = "") -> None:
        if self._tag_browser is not None:
            self._tag_browser.show_tags(rows, problem)

    def show_recent(self, recent: Sequence[Recent]) -> None:
        self._recent = tuple(recent)
        self.recent_changed.emit(self._recent)
        self.start.show_recent(recent)
        self.toolbar.show_recent(recent)

    def show_unfinished(self, unfinished: Recent | None) -> None:
        self.start.show_unfinished(unfinished)

    # Panels: viewer.ui.panel_commands.Panels

    def toggle_panel(self, name: str) -> None:
        """Open or close a side panel; "levels" is made when it first opens."""
        if name not in self.docks:
            self._make_levels()
            return
        opened = not self.is_panel_open(name)
        self.docks[name].setVisible(opened)
        if name == "ai":
            self._ai_declined = not opened
        elif name == "studies":
            self._studies_declined = not opened
        if name == "levels" and opened and self._levels is not None:
            self._levels.show_view(self._view)

    def is_panel_open(self, name: str) -> bool:
        return name in self.docks and not self.docks[name].isHidden()

    def dress(self) -> None:
        """Take the icons of the theme in force."""
        for dock in self.docks.values():
            dock.dress()
        for part in (self.menus, self.marks, self.models, self.toolbar):
            part.dress()
        if self._ai is not None:
            self._ai.dress()
        self.series.progress.cancel.setIcon(theme.icon("cancel"))

    def toggle_maximised(self) -> None:
        """The picture alone; and again, everything that was there before."""
        if self._hidden_by_maximise is None:
            parts = [self.toolbar, self.menuBar(), *self.docks.values()]
            self._hidden_by_maximise = [part for part in parts if not part.isHidden()]
            for part in self._hidden_by_maximise:
                part.hide()
            return
        for part in self._hidden_by_maximise:
            part.show()
        self._hidden_by_maximise = None

    def complete(self) -> None:
        """Make what the first picture of the window did without, before somebody wants it."""
        import viewer.ui.ai_panel  # noqa: F401 - in this turn of the event loop, so that the next is short

        QTimer.singleShot(0, self._make_ai)

    @property
    def ai(self) -> AiPanel:
        """What the network said, and how it is shown; made when it is first wanted."""
        return self._make_ai()

    def _make_ai(self) -> AiPanel:
        if self._ai is None:
            from viewer.ui.ai_panel import AiPanel

            self._ai = AiPanel(self._intents, self.docks["ai"])
            self.docks["ai"].setWidget(self._ai)
            self._ai.show_view(self._view)
        return self._ai

    def _make_levels(self) -> None:
        from viewer.ui.levels_dock import LevelsPanel

        self._levels = LevelsPanel(self._intents)
        self.docks["levels"] = Dock("levels", "Levels", self._levels, self)
        self._room.watch(self.docks["levels"])
        self.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self.docks["levels"])
        self.resizeDocks([self.docks["levels"]], [190], Qt.Orientation.Vertical)
        self._levels.show_view(self._view)

    def _show_truth(self, view: ResolvedView) -> None:
        """What the network saw, right of the picture; made when it is first asked for."""
        if self._truth is None and view.truth_view:
            from viewer.ui.truth_view import TruthView

            self._truth = TruthView()
            self._beside.insertWidget(1, self._truth, 2)
        if self._truth is not None:
            self._truth.setVisible(view.truth_view)
            if view.truth_view:
                self._truth.show_view(view)

    def _show_dock(self, name: str) -> None:
        dock = self.docks[name]
        if dock.isHidden():
            dock.show()
            width = self.series.sizeHint().width() if name == "studies" else self.ai.sizeHint().width()
            self.resizeDocks([dock], [width], Qt.Orientation.Horizontal)

    def _show_studies(self) -> None:
        """Unless the reader closed the panel, or wants the picture alone."""
        if not self._studies_declined and self._hidden_by_maximise is None:
            self._show_dock("studies")

    def _name_presets(self) -> None:
        """The menu names what the numbers choose, and leaves out those that choose nothing."""
        presets = self._view.presets
        for number in range(PRESET_KEYS):
            action = self.menus.actions.get(f"window.preset_{number + 1}")
            if action is not None:
                action.setVisible(number < len(presets))
                if number < len(presets):
                    action.setText(f"Window: {choice_title(presets[number], number)}")

    def _decline_ai(self) -> None:
        self._ai_declined = True
        self.menus.refresh()

    def _decline_studies(self) -> None:
        self._studies_declined = True
        self.menus.refresh()

    # Events

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.modifiers():
            if not event.isAutoRepeat() and not self._peeking:
                self._peeking = True
                self._intents.peek(True)
            return
        if event.key() == Qt.Key.Key_Escape:  # whatever key the command has
            self._commands.run("analysis.cancel")
            return
        super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self._stop_peeking()
            return
        super().keyReleaseEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        # The release of Space goes to another window if this one loses the focus while it is held.
        if event.type() == QEvent.Type.ActivationChange and not self.isActiveWindow():
            self._stop_peeking()
        super().changeEvent(event)

    def _stop_peeking(self) -> None:
        if self._peeking:
            self._peeking = False
            self._intents.peek(False)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()
            self.start.show_dropping(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.start.show_dropping(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self.start.show_dropping(False)
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if not paths:
            return
        event.acceptProposedAction()
        self._intents.open(paths[0])
        if len(paths) > 1:
            left = len(paths) - 1
            what = f"Only the first was opened, {left} {'was' if left == 1 else 'were'} left out."
            self.show_notice(Notice(what, "Drop the folder that holds them all."))

    def closeEvent(self, event: QCloseEvent) -> None:
        self._intents.keep_settings(window_geometry=self.saveGeometry().toBase64().toStdString())
        super().closeEvent(event)

    def action(self, command_id: str) -> QAction:
        """The action of a command, for tests and screenshots."""
        return self.menus.actions[command_id]
