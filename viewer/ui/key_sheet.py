"""The sheet of everything one can do and its keys, made from the command table."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

from viewer.commands.command import MENUS, CommandRegistry
from viewer.ui import theme, viewport
from viewer.ui.dialog import fit
from viewer.ui.menus import native_key

DRAGS = {
    "window": "Window: right is wider, up is brighter",
    "zoom": "Zoom about where the drag began",
    "pan": "Pan",
    "scroll": "Scroll slices",
}
"""What `viewport.DRAGS` names, as one reads it."""
Part = tuple[str, list[tuple[str, str]]]
"""A section of the sheet: its title, and rows of (key, what it does)."""
MOUSE = (
    ("Wheel", "Scroll slices; with Shift ten at a time"),
    ("Ctrl + wheel", "Zoom about the cursor"),
    ("Double click", "Maximise the picture, and back"),
    ("Hold Space", "Peek: the heatmap while held"),
)


def sheet_html(commands: CommandRegistry, mouse: str = "window") -> str:
    """Mouse first, then every menu with its commands and their keys."""
    colors = theme.current()
    drags = [(f"{button.title()} drag", DRAGS[what]) for button, what in viewport.DRAGS[mouse].items()]
    parts = [("Mouse and Space", [*drags, *MOUSE])]
    for menu in MENUS:
        rows = [
            (native_key(command.shortcut), command.title.rstrip("…"))
            for command in commands.in_menu(menu)
            if command.shortcut
        ]
        if rows:
            parts.append((menu, rows))
    cell = '<td width="50%" valign="top" style="padding-right:18px">{}</td>'
    columns = (
        cell.format("".join(_section(title, rows, colors) for title, rows in half)) for half in _halves(parts)
    )
    return f"<table width='100%'><tr>{''.join(columns)}</tr></table>"


def _halves(parts: list[Part]) -> tuple[list[Part], list[Part]]:
    """The sections in order, cut where the two columns are most nearly of one length."""
    lengths = [len(rows) + 2 for _, rows in parts]
    at = min(range(1, len(parts)), key=lambda n: abs(sum(lengths[:n]) - sum(lengths[n:])), default=1)
    return parts[:at], parts[at:]


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
    """Opened with “?”. `change_asked`: the reader wants other keys."""

    change_asked = Signal()

    def __init__(
        self, commands: CommandRegistry, parent: QWidget | None = None, *, mouse: str = "window"
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Keys")
        text = QTextBrowser()
        text.setAccessibleName("All keys")
        text.setHtml(sheet_html(commands, mouse))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        change = buttons.addButton("Change Keys…", QDialogButtonBox.ButtonRole.ActionRole)
        change.clicked.connect(self._change)
        column = QVBoxLayout(self)
        column.addWidget(text)
        column.addWidget(buttons)
        fit(self, 860, 760)

    def _change(self) -> None:
        self.accept()
        self.change_asked.emit()
