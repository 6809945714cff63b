"""Opening a study and choosing a series, slices and frames in it, with a sentence for every wrong choice."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from viewer.cli.answer import ProgressLine, UsageError
from viewer.errors import StudyError
from viewer.inference.card import Card
from viewer.study import ScanResult, Series, Window

ALL, PEAK = "all", "peak"


def add_choice(parser: argparse.ArgumentParser, *, slices: str, needed: bool = True) -> None:
    """PATH, --series and --slice; `slices` says what --slice is when it is not given, `needed` whether PATH
    has to be."""
    parser.add_argument(
        "path",
        metavar="PATH",
        type=Path,
        nargs=None if needed else "?",
        help="folder, DICOM file, DICOMDIR or ZIP",
    )
    parser.add_argument(
        "--series",
        metavar="UID|N",
        help="series UID, or its number in the list of `glassbox scan`, counted from 1 "
        "(default: the first that the model is made for, else the first)",
    )
    parser.add_argument("--slice", metavar="N|all|peak", default=slices, help=_SLICE_HELP.format(slices))


_SLICE_HELP = (
    "slice number counted from 1 in display order, as 'Im 1/30' on the screen; or all; or peak: "
    "where the probability of the target, or of any finding without one, is highest (default: {})"
)


def add_window(parser: argparse.ArgumentParser, *, whole: str) -> None:
    """--window; `whole` says what the percentiles are taken of where the file has no window."""
    parser.add_argument(
        "--window",
        metavar="C,W",
        type=window,
        help=f"window center and width (default: the file's first, else percentiles 1 to 99 of {whole})",
    )


def window(text: str) -> Window:
    """ "40,400" -> Window(40, 400)."""
    try:
        center, width = (float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not CENTER,WIDTH such as 40,400") from None
    if not (abs(center) < 1e12 and 1 <= width < 1e12):
        raise argparse.ArgumentTypeError(f"the width of a window is at least 1, not {text.split(',')[1]}")
    return Window(center, width)


def fraction(text: str) -> float:
    """A number from 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 0 to 1")
    return value


def open_study(path: Path) -> ScanResult:
    """Scan `path`, counting on stderr where somebody watches."""
    from viewer.dicom.scan import scan

    progress = ProgressLine("Reading")
    try:
        return scan(path, progress=progress)
    finally:
        progress.end()


def choose_series(series: Sequence[Series], wanted: str | None, card: Card | None = None) -> Series:
    """The series asked for; without a wish the first in the model's domain, else the first."""
    if wanted is None:
        return next((one for one in series if card is not None and not _problems(card, one)), series[0])
    for one in series:
        if wanted in (one.uid, one.series_instance_uid):
            return one
    if wanted.isdecimal() and 1 <= int(wanted) <= len(series):
        return series[int(wanted) - 1]
    listed = "; ".join(f"{number} ({_named(one)})" for number, one in enumerate(series[:20], 1))
    more = f"; … {len(series)}" if len(series) > 20 else ""
    raise StudyError(f"There is no series '{wanted}' here.", remedy=f"Choose one of: {listed}{more}.")


def _problems(card: Card, series: Series) -> tuple[str, ...]:
    from viewer.inference.domain import problems

    return problems(card, series)


def _named(series: Series) -> str:
    """Modality, description and size of a series, in a few words."""
    words = f"{series.modality} {series.description}".strip()
    return f"{words[:40]}, {counted(len(series.slices))}"


def counted(slices: int) -> str:
    """ "1 slice", "30 slices"."""
    return "1 slice" if slices == 1 else f"{slices} slices"


def slice_numbers(series: Series, wanted: str) -> list[int] | None:
    """0-based indices of the slices asked for; None for "peak", which only a network can find."""
    count = len(series.slices)
    if wanted == PEAK:
        return None
    if wanted == ALL:
        return list(range(count))
    if not wanted.isdecimal():
        raise UsageError(f"--slice takes a number, 'all' or 'peak', not '{wanted}'.", f"Choose 1 to {count}.")
    if not 1 <= int(wanted) <= count:
        raise StudyError(
            f"There is no slice {wanted}: this series has {counted(count)}, counted from 1.",
            remedy=f"Choose 1 to {count}.",
        )
    return [int(wanted) - 1]
