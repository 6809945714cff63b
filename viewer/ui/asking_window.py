"""A window that asks: the dialogs that a command opens, each made when it is first wanted.

Implements `viewer.commands.intents.Asks`. A dialog asks and then calls an intent; it decides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFileDialog, QMainWindow

from viewer.commands.command import CommandRegistry
from viewer.notice import Notice
from viewer.session.resolved_view import ResolvedView
from viewer.ui.intents import WindowIntents
from viewer.ui.notices import DetailsDialog, NoticeBar
from viewer.ui.preferences import Preferences
from viewer.ui.window_dialog import WindowDialog

if TYPE_CHECKING:
    from viewer.session.kept import Recent
    from viewer.ui.tag_browser import TagBrowser


OPENED = (
    "All files (*)",
    "DICOM (*.dcm *.dicom DICOMDIR)",
    "ZIP archives (*.zip)",
    "Reports of Glassbox (*.png *.json)",
)
"""What the file dialog can be narrowed to."""


class AskingWindow(QMainWindow):
    """What a dialog needs of the window it belongs to: the intents, what is shown, what was open lately."""

    recent_changed = Signal(object)
    """(tuple of Recent): other studies were open lately."""

    preferences: Preferences
    notices: NoticeBar
    _intents: WindowIntents
    _commands: CommandRegistry
    _view: ResolvedView
    _recent: Sequence[Recent]
    _window_dialog: WindowDialog | None = None
    _tag_browser: TagBrowser | None = None
    _export_awaited = False

    def ask_study(self, why: str) -> None:
        from viewer.ui.study_question import StudyQuestion

        StudyQuestion(self._intents, why, self).open()

    def ask_open_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Open Folder")
        if folder:
            self._intents.open(Path(folder))

    def ask_recent(self) -> None:
        """Search among the recent studies."""
        from viewer.ui.recent_list import RecentDialog

        dialog = RecentDialog(self._recent, self._view.deidentified, self)
        self.recent_changed.connect(dialog.list.show_recent)  # the first are late
        dialog.chosen.connect(lambda path: self._intents.open(Path(path)))
        dialog.open()

    def ask_open_file(self) -> None:
        file, _ = QFileDialog.getOpenFileName(self, "Open File", "", ";;".join(OPENED))
        if file:
            self._intents.open(Path(file))

    def ask_add_model(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Add Model: the folder with card.toml")
        if folder:
            self._intents.add_model(Path(folder))

    def ask_export(self) -> None:
        """Export what is on the screen; a slice that is still being decoded once it is there."""
        self._export_awaited = self._view.undecoded is not None
        if not self._export_awaited and self._view.slice is not None:
            from viewer.ui.report_dialog import ReportDialog

            ReportDialog(self._intents, self).open()

    def ask_what_waited(self) -> None:
        """Ask what was asked for too early; call it when another view is shown."""
        if self._export_awaited and self._view.undecoded is None:
            self._export_awaited = False
            QTimer.singleShot(0, self, self.ask_export)

    def ask_window(self) -> None:
        """Show the window by numbers."""
        if self._window_dialog is None:
            self._window_dialog = WindowDialog(self._intents, self)
        self._window_dialog.show_view(self._view)
        self._window_dialog.show()
        self._window_dialog.width_box.setFocus()

    def show_model_card(self) -> None:
        from viewer.ui.about import ModelCardDialog

        if self._view.card is None:
            self.notices.show_notice(Notice("No model is chosen.", "Add one with AI › Add Model."))
            return
        ModelCardDialog(self._view.card, self).show()

    def show_tag_browser(self) -> None:
        """The attributes of the slice on the screen, beside the picture."""
        from viewer.ui.tag_browser import TagBrowser

        if self._tag_browser is None:
            self._tag_browser = TagBrowser(self._intents, self)
        self._tag_browser.open_on(self._view)

    def show_skipped(self, rows: tuple[tuple[str, str], ...]) -> None:
        """List the files that are not shown, and why."""
        count = len(rows)
        title = f"{count} file{' is' if count == 1 else 's are'} not shown."
        DetailsDialog(title, rows, self).show()

    def show_guide(self) -> None:
        from viewer.ui.guide import open_guide

        open_guide(self, self._commands)

    def show_keys(self) -> None:
        from viewer.ui.key_sheet import KeySheet

        sheet = KeySheet(self._commands, self, mouse=self.preferences.mouse)
        sheet.change_asked.connect(self.preferences.ask_keys)
        sheet.show()

    def show_about(self) -> None:
        from viewer.ui.about import AboutDialog

        dialog = AboutDialog(self)
        dialog.licences_asked.connect(self.show_licences)
        dialog.show()

    def show_verification(self) -> None:
        from viewer.ui.verify_dialog import VerifyDialog

        VerifyDialog(self).open()

    def show_licences(self) -> None:
        from viewer.ui.licences_dialog import LicencesDialog

        LicencesDialog(self).open()

    def toggle_full_screen(self) -> None:
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def is_full_screen(self) -> bool:
        return self.isFullScreen()
