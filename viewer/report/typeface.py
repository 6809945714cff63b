"""The page's typeface, and fitting text into a width.

It ships with Glassbox: a page looks the same everywhere, also on a machine that has no fonts at all.
Characters it lacks (Chinese, Japanese, Korean names) come from the system's fonts, where there are any.
"""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontDatabase, QFontMetricsF, QGuiApplication, QTextLayout, QTextOption

from viewer import resources

FILES = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")
ELLIPSIS = "…"


def font(size: float, *, bold: bool = False) -> QFont:
    """The typeface with `size` pixels between baseline and ascender; needs a QGuiApplication."""
    made = QFont(_family())
    made.setPixelSize(round(size))
    made.setBold(bold)
    # Hinting moves letters by whole pixels, so a page at another width would break its lines elsewhere.
    made.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return made


@lru_cache(maxsize=1)
def _family() -> str:
    if QGuiApplication.instance() is None:
        raise RuntimeError("text is drawn before there is a QGuiApplication")
    families: list[str] = []
    for name in FILES:
        number = QFontDatabase.addApplicationFont(str(resources.root() / "fonts" / name))
        families += QFontDatabase.applicationFontFamilies(number)
    return families[0] if families else "DejaVu Sans"


def elided(text: str, font: QFont, width: float) -> str:
    """`text` as one line, shortened at its end where it is wider than `width` pixels."""
    line = " ".join(text.split())
    return QFontMetricsF(font).elidedText(line, Qt.TextElideMode.ElideRight, width)


def wrapped(text: str, font: QFont, width: float, *, most: int) -> list[str]:
    """`text` in lines no wider than `width` pixels, at most `most`; the last ends in "…" if there is more.

    Breaks between words, and inside a word only where it is wider than the line.
    """
    lines: list[str] = []
    for paragraph in text.replace("\t", " ").splitlines():
        lines += _broken(paragraph, font, width)
        if len(lines) > most:
            break
    if len(lines) > most:
        rest = " ".join(lines[most - 1 :])
        shortened = elided(rest, font, width)
        if not shortened.endswith(ELLIPSIS):
            shortened = elided(f"{rest}{ELLIPSIS}", font, width)
        lines = [*lines[: most - 1], shortened]
    return lines


def _broken(paragraph: str, font: QFont, width: float) -> list[str]:
    layout = QTextLayout(paragraph, font)
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    layout.setTextOption(option)
    layout.beginLayout()
    lines = []
    while (line := layout.createLine()).isValid():
        line.setLineWidth(width)
        # Qt counts UTF-16 units, Python characters.
        start, end = line.textStart() * 2, (line.textStart() + line.textLength()) * 2
        lines.append(paragraph.encode("utf-16-le")[start:end].decode("utf-16-le", "replace").rstrip())
    layout.endLayout()
    return lines or [""]
