"""What the report dialog has done in the background: a page for its preview, files, sheets, a print."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QImage

from viewer.jobs.job import CancelToken, Job, Progress

if TYPE_CHECKING:
    from PySide6.QtPrintSupport import QPrinter

    from viewer.report.choice import Choice, Source
    from viewer.report.gather import Gathering, Tell

PREVIEW_WIDTH = 1400
SHEET_WIDTH = 1100
"""Pixels of a page in the dialog, and of a sheet of paper in the print preview."""


@dataclass(frozen=True, eq=False)
class Preview:
    """A page as it will be; `number` from 0."""

    number: int
    page: QImage


@dataclass(frozen=True, eq=False)
class Saved:
    """The files that were written."""

    files: tuple[Path, ...]


@dataclass(frozen=True, eq=False)
class Sheets:
    """The sheets of paper that the pages take."""

    images: tuple[QImage, ...]


@dataclass(frozen=True)
class Printed:
    """The sheets were handed to the printer."""


class Maker:
    """Makes the pages; what they were made of is kept from job to job, on the one thread that runs them."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._gathering: Gathering | None = None
        self.made: Saved | Printed | None = None
        """What was written or printed to its end, also if the reader pressed Stop in that moment."""

    @property
    def gathering(self) -> Gathering:
        if self._gathering is None:
            from viewer.report.gather import Gathering

            self._gathering = Gathering(self._source)
        return self._gathering


def drawing(maker: Maker, choice: Choice, number: int) -> Job:
    """Draw one page; its result is `Preview`."""

    def run(token: CancelToken, progress: Progress) -> Preview:
        from viewer.report import document

        page = maker.gathering.page(choice, number, _telling(token, progress))
        token.check()
        return Preview(number, document.draw(page, PREVIEW_WIDTH))

    return Job("preview", "Drawing the page", run)


def saving(maker: Maker, choice: Choice, *, path: Path, overwrite: bool) -> Job:
    """Draw the pages and write them; its result is `Saved`."""

    def run(token: CancelToken, progress: Progress) -> Saved:
        tell = _telling(token, progress)
        maker.made = saved = Saved(maker.gathering.write(choice, path, tell, overwrite=overwrite))
        return saved

    return Job("save", "Writing the report", run)


def laying_out(maker: Maker, choice: Choice) -> Job:
    """Draw the sheets of paper for the print preview; its result is `Sheets`."""

    def run(token: CancelToken, progress: Progress) -> Sheets:
        from viewer.report import paper

        pages = maker.gathering.pages(choice, _telling(token, progress))
        return Sheets(tuple(paper.draw(one, SHEET_WIDTH) for one in paper.papers(pages)))

    return Job("sheets", "Laying out the sheets", run)


def printing(maker: Maker, choice: Choice, printer: QPrinter) -> Job:
    """Print the pages, as text and lines; its result is `Printed`."""

    def run(token: CancelToken, progress: Progress) -> Printed:
        from viewer.report import paper

        paper.put(maker.gathering.pages(choice, _telling(token, progress)), printer)
        maker.made = printed = Printed()
        return printed

    return Job("print", "Printing", run)


def _telling(token: CancelToken, progress: Progress) -> Tell:
    """Pass words on when they change, and numbers as they come."""
    said = ""

    def tell(what: str, done: int, total: int) -> None:
        nonlocal said
        token.check()
        progress(done, total, what if what != said else None)
        said = what

    return tell
