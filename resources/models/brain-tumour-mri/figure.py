"""The picture of resources/docs/evaluation.png: one row for each method and layer, three scores across."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from viewer.explain.methods import METHODS
from viewer.explain.trust.regions import TITLES

if TYPE_CHECKING:
    from evaluation import Line

FONTS = Path(__file__).parents[2] / "fonts"
SCORES = ("auprc", "pointing", "energy")
WIDE, ROW, TOP, BOTTOM, LEFT, GAP = 1500, 19, 92, 62, 330, 34
INK, FAINT, TRAINED, RANDOM = "#1a1a1a", "#d9d9d9", "#0b5fa5", "#c2571a"
LINES = {"random map": "#7a7a7a", "centre blob": "#2d8a4e"}
FINE = 2
"""Drawn at twice the size, then made smaller: PIL draws no smooth lines."""


def draw(lines: list[Line], path: Path) -> None:
    """Draw the trained network's rows with intervals, and the controls behind them."""
    trained = [line for line in lines if line.network == "trained"]
    random = {(line.method, line.layer): line for line in lines if line.network == "random weights"}
    controls = {key: [line for line in lines if line.network == key] for key in LINES}
    breaks = sum(a.method != b.method for a, b in pairwise(trained))
    high = TOP + ROW * len(trained) + ROW // 2 * breaks + BOTTOM
    image = Image.new("RGB", (WIDE * FINE, high * FINE), "white")
    pen = Pen(ImageDraw.Draw(image))
    panel = (WIDE - LEFT - GAP * len(SCORES)) / len(SCORES)
    lefts = [LEFT + k * (panel + GAP) for k in range(len(SCORES))]
    for left, score in zip(lefts, SCORES, strict=True):
        _axis(pen, left, panel, high - BOTTOM, TITLES[score])
        for key, colour in LINES.items():
            x = left + panel * sum(line.mean(score) for line in controls[key]) / len(controls[key])
            pen.line((x, TOP, x, high - BOTTOM), colour, 1.5)
    y, before = TOP + ROW / 2, ""
    for line in trained:
        if line.method != before:
            y += ROW // 2 if before else 0
            pen.text((8, y), METHODS[line.method].title, "lm", bold=True)
            before = line.method
        pen.text((LEFT - 12, y), f"{line.layer} ({len(line.files)})", "rm")
        for left, score in zip(lefts, SCORES, strict=True):
            if (line.method, line.layer) in random:
                pen.cross(left + panel * random[line.method, line.layer].mean(score), y, RANDOM)
            low, top = line.interval(score)
            if low == low:
                pen.line((left + panel * low, y, left + panel * top, y), TRAINED, 2)
                pen.dot(left + panel * line.mean(score), y, TRAINED)
        y += ROW
    _legend(pen, high - 20)
    image.resize((WIDE, high), Image.Resampling.LANCZOS).save(path, optimize=True)


def _axis(pen: Pen, left: float, panel: float, bottom: float, title: str) -> None:
    pen.text((left + panel / 2, 56), title, "mm", bold=True)
    for tenth in range(0, 11, 2):
        x = left + panel * tenth / 10
        pen.line((x, TOP, x, bottom), FAINT, 1)
        pen.text((x, bottom + 14), f"{tenth / 10:g}", "mm")
        pen.text((x, TOP - 12), f"{tenth / 10:g}", "mm")


def _legend(pen: Pen, y: float) -> None:
    pen.text(
        (8, 24), "brain-tumour-mri: maps of the true label against the tumour boxes of val", "lm", bold=True
    )
    x = 8.0
    pen.dot(x + 6, y, TRAINED)
    x = pen.text((x + 18, y), "trained network, 95 % interval (slices in brackets)", "lm") + 26
    pen.cross(x + 6, y, RANDOM)
    x = pen.text((x + 18, y), "random weights", "lm") + 26
    for key, colour in LINES.items():
        pen.line((x, y, x + 14, y), colour, 2)
        x = pen.text((x + 20, y), key, "lm") + 26


class Pen:
    """Drawing in the final picture's pixels."""

    def __init__(self, target: ImageDraw.ImageDraw) -> None:
        self._target = target
        self._fonts = {
            bold: ImageFont.truetype(FONTS / f"DejaVuSans{'-Bold' * bold}.ttf", 13 * FINE)
            for bold in (False, True)
        }

    def text(self, at: tuple[float, float], words: str, anchor: str, *, bold: bool = False) -> float:
        """Write; return where the text ends."""
        place = (at[0] * FINE, at[1] * FINE)
        self._target.text(place, words, INK, self._fonts[bold], anchor)
        return self._target.textbbox(place, words, self._fonts[bold], anchor)[2] / FINE

    def line(self, ends: tuple[float, float, float, float], colour: str, width: float) -> None:
        self._target.line([end * FINE for end in ends], colour, round(width * FINE))

    def dot(self, x: float, y: float, colour: str) -> None:
        self._target.ellipse([v * FINE for v in (x - 4, y - 4, x + 4, y + 4)], colour)

    def cross(self, x: float, y: float, colour: str) -> None:
        self.line((x - 4, y - 4, x + 4, y + 4), colour, 1.5)
        self.line((x - 4, y + 4, x + 4, y - 4), colour, 1.5)
