import re

import pytest
from PySide6.QtGui import QColor

from viewer import resources
from viewer.ui import marks, theme
from viewer.ui.menus import ICONS


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio of two colours."""

    def luminance(color: str) -> float:
        parts = [QColor(color).redF(), QColor(color).greenF(), QColor(color).blueF()]
        r, g, b = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colors", theme.THEMES.values(), ids=theme.THEMES)
@pytest.mark.parametrize("ink", ["text", "dim", "accent", "warning", "error"])
def test_text_is_readable_on_every_ground(colors, ink):
    grounds = ["panel", "raised"] + (["selected", "hover"] if ink in ("text", "dim") else [])
    for ground in grounds:
        assert contrast(getattr(colors, ink), getattr(colors, ground)) >= 4.5, (ink, ground)


def test_text_in_the_picture_is_readable_on_black_and_nothing_is_pure_white():
    for ink in (marks.TEXT, marks.QUIET, marks.ALERT):
        assert contrast(ink.name(), "#000000") >= 7
        assert ink.name() != "#ffffff"
    assert "#ffffff" not in theme.style_sheet(theme.DARK).lower()


def test_the_surround_is_near_black_in_both_themes():
    for colors in theme.THEMES.values():
        assert QColor(colors.surround).lightness() < 16


def test_the_style_sheet_leaves_no_name_unreplaced():
    for colors in theme.THEMES.values():
        assert not re.findall(r"@\w+", theme.style_sheet(colors).split("*/", 1)[1])


def test_every_icon_can_be_drawn_in_any_colour(qapp):
    names = sorted(path.stem for path in (resources.root() / "icons").glob("*.svg"))
    names = [
        name for name in names if not name.startswith(("down-", "up-", "check-", "more-"))
    ]  # named in the style sheet, in fixed colours
    assert set(ICONS.values()) <= set(names)
    for name in names:
        picture = theme.pixmap(name, "#ff0000", 24, 2.0).toImage()
        assert picture.width() == 48
        reds = [
            picture.pixelColor(x, y)
            for x in range(48)
            for y in range(48)
            if picture.pixelColor(x, y).alpha() > 200
        ]
        assert reds, name
        assert all(color.red() > 200 and color.green() < 60 for color in reds), name
