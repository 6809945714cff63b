"""The toolbar: open, window, tools on the left; the model in the middle; heatmap and report on the right."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QMenu, QSizePolicy, QToolBar, QToolButton, QWidget

from viewer.commands.intents import Intents
from viewer.session.kept import Recent
from viewer.session.recent import called
from viewer.ui import theme
from viewer.ui.menus import Menus
from viewer.ui.model_bar import ModelBar
from viewer.ui.tool_buttons import ToolButtons
from viewer.ui.window_dialog import WindowMenu

_RECENT = 10


class Toolbar(QToolBar):
    """Every button is a command of the table, or a menu of such."""

    numbers_asked = Signal()

    def __init__(self, menus: Menus, models: ModelBar, intents: Intents, parent: QWidget) -> None:
        super().__init__("Toolbar", parent)
        self.setObjectName("toolbar")
        self.setMovable(False)
        self.setFloatable(False)
        self.setIconSize(QSize(20, 20))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self._intents = intents
        self._models = models
        actions = menus.actions
        self._recent = QMenu("Recent", self)
        self._studies: tuple[Recent, ...] = ()
        self._hidden = False
        self._search = actions.get("study.recent")
        open_menu = QMenu(self)
        for name in ("study.open_folder", "study.open_file", "study.open_sample"):
            if name in actions:
                open_menu.addAction(actions[name])
        open_menu.addMenu(self._recent)
        self.open_button = self._menu_button("Open", open_menu)
        self.window_menu = WindowMenu(intents, self)
        self.window_menu.numbers_asked.connect(self.numbers_asked)
        self.window_button = self._menu_button("Window", self.window_menu)
        self.addWidget(self.open_button)
        self.addWidget(self.window_button)
        for name in ("window.invert", "view.fit", "view.reset"):
            self._command(actions.get(name))
        self.addSeparator()
        self.tools = ToolButtons(self, actions)
        self.addSeparator()
        self.addWidget(models)
        models.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        if "analysis.start" in actions:
            models.analyse.setDefaultAction(actions["analysis.start"])
        for name in ("overlay.toggle", "report.export"):
            self._command(actions.get(name))
        if "File" in menus.menus and "study.open_sample" in actions:
            menus.menus["File"].insertMenu(actions["study.open_sample"], self._recent)
        for more in self.findChildren(QToolButton, "qt_toolbar_ext_button"):
            more.setAccessibleName("More of the toolbar")
            more.setToolTip("More of the toolbar")
            more.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.show_recent(())
        self.dress()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.tools.fit({self._models: self._models.room()})

    def dress(self) -> None:
        """Take the icons of the theme in force."""
        self.open_button.setIcon(theme.icon("open"))
        self.window_button.setIcon(theme.icon("window"))
        self._models.dress()
        self.tools.dress()

    def show_recent(self, recent: Sequence[Recent]) -> None:
        """Studies opened lately, newest first."""
        self._studies = tuple(recent)
        self._list_recent()

    def hide_identity(self, hidden: bool) -> None:
        """Whether studies may be called by what is known of them."""
        if hidden != self._hidden:
            self._hidden = hidden
            self._list_recent()

    def _list_recent(self) -> None:
        self._recent.clear()
        for one in self._studies[:_RECENT]:
            what = called(one, hidden=self._hidden)
            detail = self.fontMetrics().elidedText(what.detail, Qt.TextElideMode.ElideMiddle, 260)
            action = self._recent.addAction(f"{what.title}   {detail}".replace("&", "&&"))
            action.setToolTip(what.tip)
            action.setData(one.path)
            action.triggered.connect(self._open_recent)
        if self._search is not None:
            self._recent.addSeparator()
            self._recent.addAction(self._search)
        self._recent.setEnabled(bool(self._studies))
        self._recent.setToolTipsVisible(True)

    def _open_recent(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self._intents.open(Path(str(action.data())))

    def _menu_button(self, text: str, menu: QMenu) -> QToolButton:
        button = QToolButton()
        button.setText(f"{text} ▾")
        button.setAccessibleName(text)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setMenu(menu)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def _command(self, action: QAction | None) -> None:
        if action is None:
            return
        self.addAction(action)
        button = self.widgetForAction(action)
        if isinstance(button, QToolButton):
            button.setObjectName("tool")
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setAccessibleName(action.text().rstrip("…"))
