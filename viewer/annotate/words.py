"""Figures of marks as one reads them: in labels beside the mark, in the panel and on the report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from viewer.annotate import measure, statistics
from viewer.annotate.mark import KINDS, Figure, ShownMark
from viewer.imaging.scale_bar import millimetres

_PRECISE = (measure.VALUE, statistics.MINIMUM, statistics.MAXIMUM, statistics.MEDIAN)
"""Figures that are values of pixels: no digit is made up by averaging."""
_PLAIN = ("", "PixelSpacing", "ImagerPixelSpacing")
"""Sources of a scale that a label need not name: that of the patient, and what "at the detector" says."""


class Row(NamedTuple):
    """One figure in a table: "Length", "23.4 mm", and where its scale comes from or what chance gives."""

    name: str
    value: str
    note: str = ""


def label_lines(shown: ShownMark) -> tuple[str, ...]:
    """What stands beside a mark: its text, then its figures in short; () for a mark that says nothing."""
    text = tuple(line for line in shown.mark.text.splitlines() if line.strip())
    return text + tuple(line for line in _figures_in_short(shown) if line)


def table_rows(shown: ShownMark) -> tuple[Row, ...]:
    """All figures of a mark, one to a row: of its geometry, then of the pixels of a region."""
    found = shown.statistics.figures if shown.statistics is not None else ()
    return tuple(Row(one.name, figure_text(one), _note(one)) for one in (*shown.figures, *found))


def title(shown: ShownMark) -> str:
    """What a list calls a mark: its text, else its kind."""
    return shown.mark.text.strip().partition("\n")[0] or KINDS[shown.mark.kind].title


def figure_text(figure: Figure) -> str:
    """One figure with its unit: "23.4 mm", "23.4 mm at the detector", "−12.3 HU", "SUV 2.31", "42 %"."""
    value, unit = figure.value, figure.unit
    if figure.name == statistics.ENERGY:
        return f"{100 * value:.0f} %"
    if figure.name == statistics.OVERLAP:
        return f"{value:.2f}"
    if unit.startswith("SUV"):
        return f"{unit} {_digits(figure)}"
    if unit in ("mm", "mm²"):
        unit += millimetres(figure.source).removeprefix("mm")
    return f"{_digits(figure)}{'' if unit == '°' else ' '}{unit}".strip()


def _digits(figure: Figure) -> str:
    """As many digits as the figure can bear: a tenth of a millimetre, of a degree and of an HU, three digits
    of an area, two decimals of an SUV, four digits of anything else."""
    value, unit = figure.value, figure.unit
    size = abs(value)
    if unit in ("mm", "px"):
        text = f"{value:.1f}" if size >= 1 or unit == "px" else f"{value:.2f}"
    elif unit in ("mm²", "px²"):
        text = f"{value:.{0 if size >= 100 else 1 if size >= 10 else 2}f}"
    elif unit == "°":
        text = f"{value:.1f}"
    elif unit.startswith("SUV"):
        text = f"{value:.2f}"
    elif value == round(value) and (not unit or figure.name in _PRECISE) and size < 1e12:
        text = f"{value:.0f}"
    elif unit == "HU":
        text = f"{value:.1f}"
    else:
        text = f"{value:.0f}" if 1000 <= size < 1e12 else f"{value:.4g}"
    if not text.strip("-0."):  # no minus before nothing
        text = text.lstrip("-")
    return text.replace("-", "−")


def _note(figure: Figure) -> str:
    if figure.chance is None:
        return figure.source
    by_chance = figure_text(Figure(figure.name, figure.chance, figure.unit))
    return f"by chance {by_chance}"


def _figures_in_short(shown: ShownMark) -> list[str]:
    if shown.mark.kind == "probe":
        return [_probe(shown.figures)]
    found = shown.figures
    if shown.mark.kind == "bidirectional" and len(found) == 2 and found[0].unit == found[1].unit:
        lines = [f"{_digits(found[0])} × {figure_text(found[1])}"]
    else:
        lines = [figure_text(one) for one in found if one.name != measure.PERIMETER]
    sources = {one.source: None for one in found if one.source not in _PLAIN}
    return [*lines, *sources, *_statistics_in_short(shown)]


def _probe(figures: Sequence[Figure]) -> str:
    colors = [one for one in figures if one.name in measure.COLORS]
    if colors:
        return " ".join(f"{one.name[0]} {figure_text(one)}" for one in colors)
    return " · ".join(figure_text(one) for one in figures)


def _statistics_in_short(shown: ShownMark) -> list[str]:
    if shown.statistics is None:
        return []
    found = {one.name: one for one in shown.statistics.figures}
    lines = []
    if statistics.MEAN in found:
        lines.append(f"Mean {figure_text(found[statistics.MEAN])}")
        lines.append(f"SD {_digits(found[statistics.SD])}")
    if statistics.ENERGY in found:
        heat = found[statistics.ENERGY]
        lines.append(f"Heat {figure_text(heat)} ({_note(heat)})")
    return lines
