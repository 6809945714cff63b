"""Document: the reports that are exported together, and the PNG of each of their pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from PySide6.QtGui import QImage

from viewer.report import chunks, contact, page, png, record, saving
from viewer.report.report import Report
from viewer.report.sheet import WIDTH, Fill, image


@dataclass(frozen=True, slots=True)
class Document:
    """Reports in the order of their pages; several of them have one `page` on a contact page."""

    reports: tuple[Report, ...]
    contact: bool = False

    @property
    def pages(self) -> tuple[Document, ...]:
        """Each page as a document of its own: what one PNG holds."""
        return tuple(
            Document(tuple(together), self.contact)
            for _, together in groupby(self.reports, lambda report: report.page)
        )


def from_json(text: str) -> Document:
    """What the text chunk of one PNG holds, without pictures. ReportError for anything else."""
    return Document(*record.all_from_json(text))


def read(path: Path) -> Document:
    """The page in a PNG that `save` wrote, without its pictures."""
    return from_json(chunks.text_of(path, png.TEXT_KEY) or "")


def filling(one: Document) -> Fill:
    """What lays out a document of one page."""
    return contact.filling(one.reports) if one.contact else page.filling(one.reports[0])


def draw(one: Document, width: int = WIDTH) -> QImage:
    """A document of one page as an image. Needs a QGuiApplication; ReportError without pictures."""
    return image(filling(one), width)


def encoded(one: Document) -> bytes:
    """A document of one page as the bytes of a PNG with its text chunks."""
    text = record.contact_to_json(one.reports) if one.contact else record.to_json(one.reports[0])
    return png.encoded(draw(one), one.reports[0], text)


def save(pages: Iterable[Document], files: Sequence[Path], *, overwrite: bool = False) -> None:
    """Write each page as a PNG to its file, see `choice.paths`.

    Raises ReportError as `saving.write` does; of files that were not there before, none is left then.
    """
    require_free(files, overwrite=overwrite)
    new = [file for file in files if not saving.exists(file)]
    try:
        for one, file in zip(pages, files, strict=True):
            data = encoded(one)
            saving.write(file, lambda out, data=data: out.write(data), overwrite=overwrite)  # type: ignore[misc]
    except BaseException:
        for file in new:
            file.unlink(missing_ok=True)
        raise


def require_free(files: Iterable[Path], *, overwrite: bool) -> None:
    """ReportError for the first file that is there already, unless it may be replaced."""
    for file in files:
        if not overwrite and saving.exists(file):
            raise saving.already_there(file)
