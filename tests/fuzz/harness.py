"""One input through all that a reader's click leads to; the outcome is images and sentences, or a finding."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from viewer.errors import GlassboxError
from viewer.study import Series, Slice, SliceHeader

if TYPE_CHECKING:
    from viewer.dicom.tag_table import TagRow

_FRAMES, _SLICES = 4, 24
"""Frames looked at of one series, and slices of one input: the first, the last, and some between."""
_LONGEST_SENTENCE, _LONGEST_CELL = 300, 2000


class NoSentence(AssertionError):
    """A reader is told something that is no sentence, or shown something that is no picture."""


@dataclass
class Outcome:
    """What one input led to.

    `unforeseen` are errors that became a sentence by a net and not by knowledge: worth a look.
    """

    images: int = 0
    sentences: list[str] = field(default_factory=list)
    unforeseen: list[str] = field(default_factory=list)
    steps: dict[str, float] = field(default_factory=dict)
    """The longest time of each step, in seconds."""

    @property
    def kind(self) -> str:
        if self.images:
            return "image and sentence" if self.sentences else "image"
        return "sentence"


def examine(
    path: Path, began: Callable[[str], None] = lambda step: None, *, thorough: bool = True
) -> Outcome:
    """Open a path as a reader would, and look at all of it.

    Parameters
    ----------
    thorough : read the table of all attributes too, and the header a second time without its neighbours.
    began : is told each step before it is taken, so that somebody else can tell which one never ends.

    Raises
    ------
    Exception
        Whatever reaches the reader as something else than an image or a sentence.
    """
    from viewer.dicom.scan import NothingToShow, headers, scan
    from viewer.dicom.tag_table import read_tags

    outcome = Outcome()
    with _unforeseen(outcome):
        try:
            with _timed(outcome, "scan", began):
                found = scan(path)
        except GlassboxError as error:
            _is_sentence(str(error), outcome)
            for one in error.skipped if isinstance(error, NothingToShow) else ():
                _is_reason(one.reason, outcome)
            return outcome
        for one in found.skipped:
            _is_reason(one.reason, outcome)
        first = found.series[0].slices[0].source
        if thorough and first.path == path and first.member is None:
            with _timed(outcome, "headers", began):
                headers(path)
        try:
            with _timed(outcome, "tags", began):
                if thorough:
                    _is_table(read_tags(first))
        except GlassboxError as error:
            _is_sentence(str(error), outcome)
        left = _SLICES
        for series in found.series:
            for index in _some(len(series.slices), min(_FRAMES, left)):
                _look(series, index, outcome, began)
                left -= 1
    if not outcome.images and not outcome.sentences:
        raise NoSentence("neither an image nor a sentence")
    return outcome


def _look(series: Series, index: int, outcome: Outcome, began: Callable[[str], None]) -> None:
    from viewer.dicom.pixels import load_slice
    from viewer.session.thumbnail import thumbnail

    header = series.slices[index]
    slice: Slice | None = None
    problem = ""
    try:
        with _timed(outcome, "load", began):
            slice = load_slice(header)
    except GlassboxError as error:
        problem = _is_sentence(str(error), outcome)
    with _timed(outcome, "resolve", began):
        _resolve(series, index, slice, problem)
    if slice is None:
        return
    with _timed(outcome, "grey", began):
        _draw(slice, header, series.modality)
    with _timed(outcome, "thumbnail", began):
        small = thumbnail(slice, series.modality)
    if small.dtype != np.uint8 or max(small.shape) > 96:
        raise NoSentence("a thumbnail is no small picture")
    outcome.images += 1


def _draw(slice: Slice, header: SliceHeader, modality: str) -> None:
    from viewer.imaging.window import to_grey, window_choices

    if slice.values.shape[:2] != (header.rows, header.cols) or slice.values.flags.writeable:
        raise NoSentence("pixels are not as large as the header says")
    choices = () if slice.is_color else window_choices(slice, modality)
    greys = [to_grey(slice, window) for window in (choices[:3] or (None,))]
    greys += [to_grey(slice, voi_lut=index, invert=True) for index in range(len(slice.luts[:2]))]
    if any(grey.dtype != np.uint8 or grey.shape != (header.rows, header.cols) for grey in greys):
        raise NoSentence("grey levels are no picture")


def _resolve(series: Series, index: int, slice: Slice | None, problem: str) -> None:
    """Captions, orientation letters, window texts: the words around the picture."""
    from viewer.session.analyses import Analyses
    from viewer.session.resolve import resolve
    from viewer.session.resolved_view import Known
    from viewer.session.state import ViewerState

    key = series.slices[index].key
    known = Known(
        series={series.uid: series},
        slice_of=lambda wanted: slice if wanted == key else None,
        problems={key: problem} if problem else {},
        bundles=(),
        analyses=Analyses(1 << 20),
    )
    view = resolve(ViewerState(series=series.uid, slice=index), known)
    if len(view.letters) != 4 or len(view.corners) != 4:
        raise NoSentence("the words around the picture are missing")


def _is_sentence(text: str, outcome: Outcome) -> str:
    plain = text.strip()
    if not plain or len(plain) > _LONGEST_SENTENCE or "\n" in plain or not plain.endswith("."):
        raise NoSentence(f"no sentence: {plain[:200]!r}")
    outcome.sentences.append(plain)
    return plain


def _is_table(rows: Sequence[TagRow]) -> None:
    if not rows or any(len(text) > _LONGEST_CELL for row in rows for text in (row.tag, row.name, row.value)):
        raise NoSentence("no table of attributes")


def _is_reason(text: str, outcome: Outcome) -> None:
    if not text.strip() or len(text) > _LONGEST_SENTENCE or "\n" in text:
        raise NoSentence(f"no reason: {text[:200]!r}")
    outcome.sentences.append(text)


def _some(count: int, wanted: int) -> list[int]:
    return sorted({round(place) for place in np.linspace(0, count - 1, max(min(wanted, count), 0)).tolist()})


@contextmanager
def _timed(outcome: Outcome, step: str, began: Callable[[str], None]) -> Iterator[None]:
    began(step)
    start = time.monotonic()
    try:
        yield
    finally:
        outcome.steps[step] = max(outcome.steps.get(step, 0.0), time.monotonic() - start)


class _Listening(logging.Handler):
    def __init__(self, outcome: Outcome) -> None:
        super().__init__(logging.WARNING)
        self._outcome = outcome

    def emit(self, record: logging.LogRecord) -> None:
        self._outcome.unforeseen.append(record.getMessage()[:600])


@contextmanager
def _unforeseen(outcome: Outcome) -> Iterator[None]:
    log, listening = logging.getLogger("viewer"), _Listening(outcome)
    log.addHandler(listening)
    try:
        yield
    finally:
        log.removeHandler(listening)
