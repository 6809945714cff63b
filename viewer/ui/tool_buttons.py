"""The part of the toolbar one marks with: undo, the tools used most, all tools in a menu, key images."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QToolBar, QToolButton, QWidget

from viewer.annotate.mark import KINDS
from viewer.ui import theme

AT_HAND = ("length", "angle", "ellipse", "rectangle", "arrow", "text")
"""Kinds with a button of their own, where there is room; all kinds stand in the menu."""
_MARGINS = 16
_GIVE_WAY = (
    *(f"tool.{kind}" for kind in reversed(AT_HAND)),
    "edit.redo",
    "edit.undo",
    "view.marks_panel",
    "key_image.toggle",
)
"""Which buttons a narrow window goes without, the first one first."""


class ToolButtons(QObject):
    """Every button is a command of the table; the menu button wears the sign of a tool that has no other.

    A narrow window goes without some: menus and keys have them all, and what the network is asked with must
    not be pushed out of the toolbar.
    """

    def __init__(self, bar: QToolBar, actions: Mapping[str, QAction]) -> None:
        super().__init__(bar)
        self._bar = bar
        self._tools = {kind: actions[f"tool.{kind}"] for kind in KINDS if f"tool.{kind}" in actions}
        self._places: dict[str, QAction] = {}
        """Command id -> the place of its button in the toolbar."""
        for name in ("edit.undo", "edit.redo"):
            self._add(actions, name)
        self._rule = bar.addSeparator()
        for kind in AT_HAND:
            self._add(actions, f"tool.{kind}")
        self.more = theme.named(QToolButton(), "tool")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setCheckable(True)
        self.more.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.more.setAccessibleName("All tools")
        menu = QMenu(self.more)
        for action in self._tools.values():
            menu.addAction(action)
            action.toggled.connect(self._show_armed)
        self.more.setMenu(menu)
        bar.addWidget(self.more)
        for name in ("key_image.toggle", "view.marks_panel"):
            self._add(actions, name)

    def dress(self) -> None:
        """Take the icons of the theme in force."""
        self._show_armed()

    def fit(self, room: Mapping[QWidget, int]) -> None:
        """Leave out what there is no room for; `room` is what some widgets of the toolbar need kept free."""
        hidden: tuple[str, ...] = ()
        while len(hidden) < len(_GIVE_WAY) and self._width_without(hidden, room) > self._bar.width():
            hidden = _GIVE_WAY[: len(hidden) + 1]
        for name, place in self._places.items():
            place.setVisible(name not in hidden)
        self._rule.setVisible("edit.undo" not in hidden)
        self._show_armed()

    def _width_without(self, hidden: tuple[str, ...], room: Mapping[QWidget, int]) -> int:
        """What the toolbar needs at least without some of the buttons."""
        layout = self._bar.layout()
        spacing = layout.spacing() if layout is not None else 0
        gone = {self._places[name] for name in hidden if name in self._places}
        needed = _MARGINS
        for action in self._bar.actions():
            widget = self._bar.widgetForAction(action)
            if widget is not None and action not in gone:
                least = widget.minimumSizeHint()  # a separator has none
                width = max((least if least.isValid() else widget.sizeHint()).width(), widget.minimumWidth())
                needed += max(width, room.get(widget, 0)) + spacing
        return needed

    def _add(self, actions: Mapping[str, QAction], name: str) -> None:
        if (action := actions.get(name)) is None:
            return
        button = theme.named(QToolButton(), "tool")
        button.setDefaultAction(action)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setAccessibleName(action.text())
        action.changed.connect(self._name_buttons)
        self._places[name] = self._bar.addWidget(button)

    def _name_buttons(self) -> None:
        """Undo and Redo are called by what they would do."""
        for place in self._places.values():
            button = self._bar.widgetForAction(place)
            if isinstance(button, QToolButton):
                button.setAccessibleName(button.defaultAction().text())

    def _show_armed(self) -> None:
        """The sign of the tool in hand, if no other button shows it."""
        armed = ""
        for kind, action in self._tools.items():
            place = self._places.get(f"tool.{kind}")
            if action.isChecked() and (place is None or not place.isVisible()):
                armed = kind
        self.more.setIcon(theme.icon(f"tool-{armed}" if armed else "tools"))
        self.more.setChecked(bool(armed))
        self.more.setToolTip(f"{KINDS[armed].title} is in hand" if armed else "All tools")
