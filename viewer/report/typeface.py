"""The page's typeface, and fitting text into a width.

It ships with Glassbox: a page looks the same everywhere, also on a machine that has no fonts at all.
Characters it lacks (Chinese, Japanese, Korean names) come from the system's fonts, where there are any.
"""

from __future__ import annotations

import threading
from functools import lru_cache

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import (
    QFont,
    QFontDatabase,
    QFontMetricsF,
    QGuiApplication,
    QPainterPath,
    QRawFont,
    QTextLayout,
    QTextOption,
)

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
    made.setFeature(QFont.Tag("liga"), 0)  # "de-identified" with a ligature is not found in a PDF
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


def outline(text: str, chosen: QFont, baseline: QPointF) -> QPainterPath:
    """The letters of a line as a path, the same whatever was drawn before.

    FreeType keeps the shift of the letter that was drawn last, by parts of a pixel, and Qt's own paths of the
    same face take it over: the path comes from a face of its own, which draws nothing.
    """
    layout = QTextLayout(text, chosen)
    layout.beginLayout()
    line = layout.createLine()
    layout.endLayout()
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.WindingFill)
    for run in layout.glyphRuns():
        face = run.rawFont()
        own = _still(chosen.bold(), face.pixelSize()) if face.familyName() == chosen.family() else face
        for glyph, at in zip(run.glyphIndexes(), run.positions(), strict=True):
            shift = baseline + at - QPointF(0, line.ascent())
            path.addPath(own.pathForGlyph(glyph).translated(shift))
    return path


_faces = threading.local()
"""A QRawFont belongs to the thread that made it."""


def _still(bold: bool, size: float) -> QRawFont:
    """The typeface in a size, for paths alone."""
    kept: dict[tuple[bool, float], QRawFont] = _faces.__dict__.setdefault("kept", {})
    if (bold, size) not in kept:
        kept[bold, size] = QRawFont(
            str(resources.root() / "fonts" / FILES[bold]), size, QFont.HintingPreference.PreferNoHinting
        )
    return kept[bold, size]


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
