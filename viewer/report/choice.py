"""What a report is to show: the reader's choice, and what was on the screen when he made it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from viewer.annotate.mark import KeyImage
from viewer.results import SliceKey
from viewer.session.resolved_view import Known, ResolvedView
from viewer.session.state import ViewerState
from viewer.study import PackedSlice, Series, Slice, SliceHeader

if TYPE_CHECKING:
    from viewer.inference.loading import LoadedModel

THIS, PAGES, CONTACT = "this", "pages", "contact"
"""The slice on the screen; the key images, a page each; the key images together."""
TOGETHER = 8
"""Images on a contact page."""

Place = tuple[Series, int, SliceHeader]
"""A series, a place in it, and the slice there."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the reader wants on the pages. `marks` False leaves out what he drew."""

    images: str = THIS
    marks: bool = True
    comment: str = ""
    deidentify: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Source:
    """What was on the screen, and what was known, when the export was asked for.

    Parameters
    ----------
    view : of the slice on the screen.
    known : copies: nothing of it changes while a job looks at it. None: of this slice alone.
    kept : slices that were decoded already.
    loaded : the network in use, to ask again where a result had to leave the cache.
    """

    view: ResolvedView
    state: ViewerState = field(default_factory=ViewerState)
    known: Known | None = None
    kept: Mapping[SliceKey, Slice | PackedSlice] = field(default_factory=dict)
    loaded: LoadedModel | None = None
    _places: dict[SliceKey, Place] = field(init=False, default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        chosen = {one.instance: one.series for one in self.view.key_images}
        for series in self._series() if chosen else ():
            for index, header in enumerate(series.slices):
                key = header.key
                if key in chosen and (key not in self._places or series.uid == chosen[key]):
                    self._places[key] = series, index, header

    @property
    def images(self) -> tuple[KeyImage, ...]:
        """The key images of the study that are there, in the order of series and slices."""
        chosen = {one.instance: one for one in self.view.key_images}
        return tuple(chosen[key] for key in self._places)

    @property
    def missing(self) -> int:
        """How many key images of the study are not among its files."""
        return len(self.view.key_images) - len(self.images)

    def pages(self, images: str) -> int:
        """How many pages a choice of images has."""
        if images == THIS:
            return 1
        return len(self.images) if images == PAGES else ceil(len(self.images) / TOGETHER)

    def burned_in(self, images: str) -> bool:
        """Whether text about the patient may be part of the pixels of what is chosen."""
        if images == THIS:
            return self.view.header is not None and self.view.header.burned_in
        return any(self.find(one)[2].burned_in for one in self.images)

    def find(self, image: KeyImage) -> Place:
        """Where one of `images` lies: in its own series if that is there."""
        return self._places[image.instance]

    def _series(self) -> tuple[Series, ...]:
        if self.known is not None:
            return tuple(self.known.series.values())
        return () if self.view.series is None else (self.view.series,)


def paths(path: Path, count: int) -> tuple[Path, ...]:
    """The files of `count` pages: a PDF holds all of them; PNGs are "name-1.png", "name-2.png", …"""
    if count == 1 or is_pdf(path):
        return (path,)
    return tuple(path.with_name(f"{path.stem}-{number + 1}{path.suffix}") for number in range(count))


def is_pdf(path: Path) -> bool:
    return path.suffix.lower() == ".pdf"
