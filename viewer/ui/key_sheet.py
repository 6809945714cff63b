"""The sheet of everything one can do and its keys, made from the command table."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

from viewer.commands.command import MENUS, CommandRegistry
from viewer.ui import theme, viewport

DRAGS = {
    "window": "Window: right is wider, up is brighter",
    "zoom": "Zoom about where the drag began",
    "pan": "Pan",
    "scroll": "Scroll slices",
}
"""What `viewport.DRAGS` names, as one reads it."""
MOUSE = (
    ("Wheel", "Scroll slices; with Shift ten at a time"),
    ("Ctrl + wheel", "Zoom about the cursor"),
    ("Double click", "Maximise the picture, and back"),
    ("Hold Space", "Peek: the heatmap while held"),
)

_LEFT = ("Mouse and Space", "File", "View")
"""What stands in the left column; the rest is about as long."""


def sheet_html(commands: CommandRegistry, mouse: str = "window") -> str:
    """Mouse first, then every menu with its commands and their keys."""
    colors = theme.current()
    drags = [(f"{button.title()} drag", DRAGS[what]) for button, what in viewport.DRAGS[mouse].items()]
    parts = [("Mouse and Space", _section("Mouse and Space", [*drags, *MOUSE], colors))]
    for menu in MENUS:
        rows = []
        for command in commands.in_menu(menu):
            if command.shortcut:
                native = QKeySequence(command.shortcut).toString(QKeySequence.SequenceFormat.NativeText)
                rows.append((native or command.shortcut, command.title.rstrip("…")))
        if rows:
            parts.append((menu, _section(menu, rows, colors)))
    left = [part for menu, part in parts if menu in _LEFT]
    right = [part for menu, part in parts if menu not in _LEFT]
    cell = '<td width="50%" valign="top" style="padding-right:18px">{}</td>'
    return f"<table width='100%'><tr>{cell.format(''.join(left))}{cell.format(''.join(right))}</tr></table>"


def _section(title: str, rows: list[tuple[str, str]], colors: theme.Theme) -> str:
    body = "".join(
        f'<tr><td style="color:{colors.accent};padding:1px 14px 1px 0;white-space:nowrap">{escape(keys)}</td>'
        f"<td>{escape(what)}</td></tr>"
        for keys, what in rows
    )
    return (
        f'<p style="color:{colors.dim};margin:10px 0 2px 0"><b>{escape(title)}</b></p><table>{body}</table>'
    )


class KeySheet(QDialog):
    """Opened with “?”."""

    def __init__(
        self, commands: CommandRegistry, parent: QWidget | None = None, *, mouse: str = "window"
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Keys")
        self.resize(820, 700)
        text = QTextBrowser()
        text.setAccessibleName("All keys")
        text.setHtml(sheet_html(commands, mouse))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(text)
        column.addWidget(buttons)
