"""Which key does what, and another one for any command: searched, pressed, refused where it is taken."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from viewer.commands.command import MENUS, CommandRegistry, KeyRefused
from viewer.ui import theme
from viewer.ui.dialog import fit
from viewer.ui.key_field import KeyField
from viewer.ui.menus import native_key

_ID = Qt.ItemDataRole.UserRole
HINT = "Choose a command, press Enter, then press the key it is to have."


class KeyDialog(QDialog):
    """Changes are in force at once.

    Parameters
    ----------
    keep : called with the reader's own keys after every change; remembers them.
    """

    def __init__(
        self,
        commands: CommandRegistry,
        keep: Callable[[dict[str, str]], None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Change Keys")
        self._commands = commands
        self._keep = keep
        self._items: dict[str, QTreeWidgetItem] = {}
        self._groups: dict[str, QTreeWidgetItem] = {}
        self.search = QLineEdit(placeholderText="Search command, menu or key", clearButtonEnabled=True)
        self.search.setAccessibleName("Search commands")
        self.search.textChanged.connect(self._filter)
        self.search.returnPressed.connect(self._enter_table)
        self.table = self._make_table()
        self.chosen = QLabel(wordWrap=True)
        self.key = KeyField()
        self.key.pressed.connect(self._pressed)
        self.key.left.connect(self.table.setFocus)
        self.none = QPushButton("&No Key")
        self.none.clicked.connect(self._take_away)
        self.reset = QPushButton("&Reset")
        self.reset.setToolTip("Give this command the key it had from the start")
        self.reset.clicked.connect(self._reset)
        self.reset_all = QPushButton("Reset &All")
        self.reset_all.setToolTip("Give every command the key it had from the start")
        self.reset_all.clicked.connect(self._reset_all)
        self.close_button = QPushButton("&Close")
        self.close_button.clicked.connect(self.accept)
        for button in (self.none, self.reset, self.reset_all, self.close_button):
            button.setAutoDefault(False)
        self.said = QLabel(wordWrap=True)
        self._lay_out()
        self.table.currentItemChanged.connect(self._show_chosen)
        self._build()
        for first in self._found()[:1]:
            self.table.setCurrentItem(first)
        self._say(HINT)
        fit(self, 640, 680)
        self.search.setFocus()

    def _make_table(self) -> QTreeWidget:
        table = theme.named(QTreeWidget(), "tags")
        table.setAccessibleName("Commands and their keys")
        table.setHeaderLabels(["Command", "Key", "From the start"])
        table.setRootIsDecorated(False)
        table.setIndentation(12)
        table.setUniformRowHeights(True)
        table.setItemsExpandable(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.header().setSectionsMovable(False)
        table.header().setStretchLastSection(False)
        table.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            table.header().setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        table.itemActivated.connect(self._ask_key)
        return table

    def _lay_out(self) -> None:
        asked = QHBoxLayout()
        asked.addWidget(self.chosen, 2)
        asked.addWidget(self.key, 1)
        asked.addWidget(self.none)
        asked.addWidget(self.reset)
        foot = QHBoxLayout()
        foot.addWidget(self.reset_all)
        foot.addStretch(1)
        foot.addWidget(self.close_button)
        page = QVBoxLayout(self)
        page.addWidget(self.search)
        page.addWidget(self.table, 1)
        page.addLayout(asked)
        page.addWidget(self.said)
        page.addLayout(foot)

    def _build(self) -> None:
        """One row for each command, under the name of its menu."""
        for menu in MENUS:
            rows = self._commands.in_menu(menu)
            if not rows:
                continue
            group = QTreeWidgetItem(self.table, [menu])
            group.setFlags(Qt.ItemFlag.ItemIsEnabled)
            group.setForeground(0, QColor(theme.current().dim))
            self._groups[menu] = group
            for command in rows:
                item = QTreeWidgetItem(group)
                item.setData(0, _ID, command.id)
                self._items[command.id] = item
        self.table.expandAll()
        self._show_keys()

    def _show_keys(self) -> None:
        """Write the keys in force; the reader's own in bold."""
        own, colors = self._commands.own_keys, theme.current()
        for name, item in self._items.items():
            command, default = self._commands[name], self._commands.default_key(name)
            title = command.title.rstrip("…")
            bold = QFont(self.table.font())
            bold.setBold(name in own)
            for column, text in enumerate((title, native_key(command.shortcut), native_key(default))):
                item.setText(column, text)
            item.setFont(1, bold)
            item.setForeground(2, QColor(colors.dim))
            spoken = f"{title}, menu {command.menu}, {native_key(command.shortcut) or 'no key'}"
            item.setData(0, Qt.ItemDataRole.AccessibleTextRole, spoken)
        self.reset_all.setEnabled(bool(own))
        self._show_chosen()

    # Finding a command

    def _filter(self) -> None:
        """Show the rows that hold every word of the search."""
        words = self.search.text().lower().split()
        shown = set()
        for name, item in self._items.items():
            menu = self._commands[name].menu
            text = f"{menu} {item.text(0)} {item.text(1)}".lower()
            item.setHidden(not all(word in text for word in words))
            if not item.isHidden():
                shown.add(menu)
        for menu, group in self._groups.items():
            group.setHidden(menu not in shown)
        found = self._found()
        if found and self.table.currentItem() not in found:
            self.table.setCurrentItem(found[0])
        self._say(HINT if found else "No command is called so, and none has such a key.", alarm=not found)
        self._show_chosen()

    def _found(self) -> list[QTreeWidgetItem]:
        return [item for item in self._items.values() if not item.isHidden()]

    def _enter_table(self) -> None:
        """From the search into what it found."""
        if self._found():
            self.table.setFocus()

    def command_id(self) -> str:
        """The command whose key is to change; "" where none is chosen."""
        item = self.table.currentItem()
        return str(item.data(0, _ID) or "") if item is not None and not item.isHidden() else ""

    def _show_chosen(self) -> None:
        name = self.command_id()
        for control in (self.key, self.none, self.reset):
            control.setEnabled(bool(name))
        command = self._commands[name] if name else None
        self.chosen.setText(f"New key for “{command.title.rstrip('…')}”:" if command else "")
        self.key.setText(native_key(command.shortcut) if command else "")
        self.none.setEnabled(command is not None and bool(command.shortcut))
        self.reset.setEnabled(name in self._commands.own_keys)

    # Changing its key

    def _ask_key(self) -> None:
        if self.command_id():
            self.key.setFocus()
            self.key.clear()
            self._say("Press the key; Esc goes back to the table.")

    def _pressed(self, key: str) -> None:
        name = self.command_id()
        self._try(lambda: self._commands.rebind(name, key))

    def _take_away(self) -> None:
        name = self.command_id()
        self._try(lambda: self._commands.rebind(name, ""))

    def _reset(self) -> None:
        name = self.command_id()
        self._try(lambda: self._commands.reset_key(name))

    def _reset_all(self) -> None:
        self._commands.reset_keys()
        self._kept()
        self.table.setFocus()
        self._say("Every command has the key it had from the start.")

    def _try(self, change: Callable[[], None]) -> None:
        """Change a key; where it is refused, say why and stay, to take another one."""
        try:
            change()
        except KeyRefused as refused:
            self.key.clear()
            self._say(str(refused), alarm=True)
            return
        self._kept()
        command = self._commands[self.command_id()]
        key = native_key(command.shortcut)
        title = command.title.rstrip("…")
        self.table.setFocus()
        self._say(f"“{title}” has the key {key} now." if key else f"“{title}” has no key now.")

    def _kept(self) -> None:
        self._keep(self._commands.own_keys)
        self._show_keys()

    def _say(self, text: str, *, alarm: bool = False) -> None:
        self.said.setText(text)
        self.said.setAccessibleName(text)
        theme.named(self.said, "warning" if alarm else "dim")
        self.said.style().unpolish(self.said)
        self.said.style().polish(self.said)
