"""Colours, style sheet and icons of the window: dark for the reading room, light for the office."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import TypeVar

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QImage, QPalette, QPixmap
from PySide6.QtWidgets import QApplication, QWidget

from viewer import resources

AnyWidget = TypeVar("AnyWidget", bound=QWidget)


@dataclass(frozen=True)
class Theme:
    """Every colour of the chrome, by what it is for. Text on its ground has a contrast of at least 4.5."""

    name: str
    surround: str
    """Behind the picture: near black in both themes, or the eye adapts to the chrome."""
    panel: str
    raised: str
    hover: str
    border: str
    text: str
    dim: str
    """Secondary text."""
    faint: str
    """Disabled controls."""
    accent: str
    selected: str
    good: str
    warning: str
    error: str


DARK = Theme(
    name="dark",
    surround="#08090a",
    panel="#17191c",
    raised="#22262a",
    hover="#2c3136",
    border="#33393f",
    text="#cdd2d6",
    dim="#a0a8af",
    faint="#646c73",
    accent="#7fb0d3",
    selected="#2a3d4e",
    good="#86c29a",
    warning="#d9a25b",
    error="#e08a7d",
)
LIGHT = Theme(
    name="light",
    surround="#08090a",
    panel="#eef0f2",
    raised="#ffffff",
    hover="#dde3e8",
    border="#bfc6cc",
    text="#22272b",
    dim="#525a61",
    faint="#949ca3",
    accent="#1f6594",
    selected="#c9dbe9",
    good="#22693c",
    warning="#8a5a10",
    error="#a8352a",
)
THEMES = {theme.name: theme for theme in (DARK, LIGHT)}
_current = DARK


def current() -> Theme:
    """The theme in force."""
    return _current


def apply(name: str) -> None:
    """Put a theme in force for the whole application; unknown names mean dark."""
    choose(name)
    finish()


def choose(name: str) -> None:
    """The colours and icons of a theme, for a window that is being built; `finish` when it stands.

    Under a style sheet Qt goes over all that a widget holds each time it gets a parent, layout by layout.
    """
    global _current
    _current = THEMES.get(name, DARK)
    app = QApplication.instance()
    if isinstance(app, QApplication):
        app.setStyle("Fusion")
        app.setPalette(_palette(_current))


def finish() -> None:
    """Give the theme in force its style sheet."""
    app = QApplication.instance()
    if isinstance(app, QApplication):
        app.setStyleSheet(style_sheet(_current))


def style_sheet(theme: Theme) -> str:
    """The style sheet with every `@name` replaced by the theme's colour."""
    text = resources.style().read_text(encoding="utf-8")
    text = text.replace("@icons", (resources.root() / "icons").as_posix())
    for field in sorted(fields(theme), key=lambda field: -len(field.name)):
        text = text.replace("@" + field.name, getattr(theme, field.name))
    return text


def _palette(theme: Theme) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    for where, color in (
        (role.Window, theme.panel),
        (role.WindowText, theme.text),
        (role.Base, theme.raised),
        (role.AlternateBase, theme.panel),
        (role.Text, theme.text),
        (role.PlaceholderText, theme.dim),
        (role.Button, theme.raised),
        (role.ButtonText, theme.text),
        (role.BrightText, theme.error),
        (role.Link, theme.accent),
        (role.Highlight, theme.selected),
        (role.HighlightedText, theme.text),
        (role.ToolTipBase, theme.raised),
        (role.ToolTipText, theme.text),
        (role.Mid, theme.border),
    ):
        palette.setColor(where, QColor(color))
    for where in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, where, QColor(theme.faint))
    return palette


def named(widget: AnyWidget, name: str) -> AnyWidget:
    """The widget, with the name by which the style sheet knows it."""
    widget.setObjectName(name)
    return widget


def icon(name: str, color: str | None = None) -> QIcon:
    """`resources/icons/<name>.svg` in the theme's text colour, or in `color`."""
    return _icon(name, color or _current.text, _current.faint, _ratios())


def _ratios() -> tuple[int, ...]:
    """Of the screens there are: drawing every icon for others, too, takes a tenth of the start."""
    return tuple(sorted({math.ceil(screen.devicePixelRatio()) for screen in QGuiApplication.screens()}))


@lru_cache(maxsize=256)
def _icon(name: str, color: str, faint: str, ratios: tuple[int, ...]) -> QIcon:
    made = QIcon()
    for mode, shade in ((QIcon.Mode.Normal, color), (QIcon.Mode.Disabled, faint)):
        for ratio in ratios:
            made.addPixmap(_pixmap(name, shade, 20, ratio), mode)
    return made


def pixmap(name: str, color: str, size: int, ratio: float) -> QPixmap:
    """An icon of `size` logical pixels for a screen with this device pixel ratio."""
    return _pixmap(name, color, size, ratio)


@lru_cache(maxsize=256)
def _svg(name: str) -> str:
    return resources.icon(name).read_text(encoding="utf-8")


@lru_cache(maxsize=256)
def _pixmap(name: str, color: str, size: int, ratio: float) -> QPixmap:
    # The image plugin draws at the size the SVG states: QtSvg itself need not be imported at start.
    text = _svg(name)
    pixels = round(size * ratio)
    text = text.replace('width="24" height="24"', f'width="{pixels}" height="{pixels}"', 1)
    text = text.replace("currentColor", color)
    image = QImage.fromData(text.encode())
    if image.size() != QSize(pixels, pixels):
        image = image.scaled(pixels, pixels, mode=Qt.TransformationMode.SmoothTransformation)
    drawn = QPixmap.fromImage(image)
    drawn.setDevicePixelRatio(ratio)
    return drawn
