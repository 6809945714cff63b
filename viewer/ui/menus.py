"""Menus and actions, built from the command table; nothing here knows what a command does."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu

from viewer.annotate.mark import KINDS
from viewer.commands.command import MENUS, Command, CommandRegistry
from viewer.ui import theme

ICONS = {
    "study.open_folder": "open",
    "study.open_file": "file",
    "study.open_sample": "sample",
    "analysis.start": "analyse",
    "overlay.toggle": "heatmap",
    "view.fit": "fit",
    "view.reset": "reset",
    "window.invert": "invert",
    "window.numbers": "window",
    "view.levels_panel": "levels",
    "view.ai_panel": "layers",
    "view.studies_panel": "panel",
    "model.card": "model",
    "report.export": "report",
    **{f"tool.{kind}": f"tool-{kind}" for kind in KINDS},
    "edit.undo": "undo",
    "edit.redo": "redo",
    "mark.delete": "delete",
    "mark.lock": "lock",
    "key_image.toggle": "key-image",
    "view.marks_panel": "marks",
    "help.guide": "guide",
    "help.keys": "keys",
    "help.about": "info",
}
"""Command id -> icon."""


class CommandAction(QAction):
    """A command as Qt shows it."""

    def __init__(self, command: Command, ran: Callable[[], None], parent: QMainWindow) -> None:
        super().__init__(command.title, parent)
        self.command = command
        self._ran = ran
        self._title = ""
        """What the command called itself last, where that changes."""
        self.setObjectName(command.id)
        self.setCheckable(command.checked is not None)
        self.triggered.connect(self._run)
        self.follow_key(command)

    def follow_key(self, command: Command) -> None:
        """Take the key of the command's row as it is now."""
        self.command = command
        self._title = ""
        self.setShortcut(QKeySequence(command.shortcut))
        self._tell(command.title)

    def follow_title(self) -> None:
        """Take the title that a command has now which changes it."""
        title = self.command.reads() if self.command.reads is not None else ""
        if title != self._title:
            self._title = title
            self.setText(title)
            self._tell(title)

    def _tell(self, title: str) -> None:
        keys, title = native_key(self.command.shortcut), title.rstrip("…")
        self.setToolTip(f"{title} ({keys})" if keys else title)

    def _run(self) -> None:
        self.command.run()
        self._ran()


class Menus:
    """The menu bar of a window, made from a registry."""

    def __init__(self, window: QMainWindow, commands: CommandRegistry) -> None:
        self.actions: dict[str, CommandAction] = {}
        self.menus: dict[str, QMenu] = {}
        self._commands = commands
        bar = window.menuBar()
        for title in MENUS:
            rows = commands.in_menu(title)
            if not rows:
                continue
            menu = self.menus[title] = bar.addMenu(f"&{title}")
            menu.setToolTipsVisible(False)
            group = None
            for command in rows:
                action = CommandAction(command, self.refresh, window)
                here = command.id.split(".")[0]
                if group is not None and here != group:
                    menu.addSeparator()
                group = here
                menu.addAction(action)
                window.addAction(action)
                self.actions[command.id] = action
            menu.aboutToShow.connect(self.refresh)
        made = self.actions.values()
        self._switches = [action for action in made if action.command.checked is not None]
        self._renamed = [action for action in made if action.command.reads is not None]
        self._questions: dict[Callable[[], bool], list[CommandAction]] = {}
        """What tells whether a command would do anything -> those that it tells it of."""
        for action in made:
            self._questions.setdefault(action.command.enabled, []).append(action)
        self._answers: dict[Callable[[], bool], bool] = {}
        commands.on_keys_changed(self.follow_keys)
        self.dress()

    def follow_keys(self) -> None:
        """Give every action the key that its command has now."""
        for action in self.actions.values():
            action.setShortcut(QKeySequence())
        for name, action in self.actions.items():
            action.follow_key(self._commands[name])

    def refresh(self) -> None:
        """Bring every action up to date."""
        for question, actions in self._questions.items():
            answer = question()
            if answer != self._answers.get(question):
                self._answers[question] = answer
                for action in actions:
                    action.setEnabled(answer)
        for action in self._switches:
            if action.command.checked is not None:
                action.setChecked(action.command.checked())
        for action in self._renamed:
            action.follow_title()

    def dress(self) -> None:
        """Take the icons of the theme in force."""
        for name, picture in ICONS.items():
            if name in self.actions:
                self.actions[name].setIcon(theme.icon(picture))


def native_key(shortcut: str) -> str:
    """A key as this platform writes it."""
    return QKeySequence(shortcut).toString(QKeySequence.SequenceFormat.NativeText)


def way_out(commands: CommandRegistry) -> str:
    """How to see a map that is withheld: by its key, or where it has none in the menu."""
    row = commands["gate.open"]
    return f"{row.title}: {native_key(row.shortcut) or f'menu {row.menu}'}."
