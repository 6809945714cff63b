"""Gathering what a report shows: the slice on the screen, or key images that may lie anywhere in the study.

A `Gathering` works in a job, from what was known when the export was asked for: it decodes slices, asks the
network where a result is not kept any more, and lets `resolve` decide what would be shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from viewer.annotate.mark import KeyImage
from viewer.errors import GlassboxError, ReportError
from viewer.report import document, paper
from viewer.report.choice import CONTACT, THIS, TOGETHER, Choice, Source, is_pdf, paths
from viewer.report.document import Document
from viewer.report.report import build
from viewer.session.cache import ByteCache
from viewer.session.marks import MarkBook
from viewer.session.resolve import resolve
from viewer.session.resolved_view import Known, ResolvedView
from viewer.session.series_window import series_window, slice_or_none
from viewer.session.state import Presentation, ViewerState
from viewer.study import PackedSlice, Series, Slice, SliceHeader, Window

if TYPE_CHECKING:
    from viewer.inference.loading import LoadedModel

_KEPT = 512 << 20
"""Bytes of slices and maps that are kept from page to page."""

Tell = Callable[[str, int, int], object]
"""Told what is being done, and the steps done and in all; raises `Cancelled` when nobody waits any more."""


class Gathering:
    """Makes the pages of a `Source`, one at a time. For one thread; what took long is kept."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._views: ByteCache[ResolvedView] = ByteCache(_KEPT, _size)
        self._windows: dict[str, Window | None] = {}
        self._twin: LoadedModel | None = None

    def pages(self, choice: Choice, tell: Tell) -> Iterator[Document]:
        """Each page as a document of its own, with its pictures."""
        for number in range(self.source.pages(choice.images)):
            yield self.page(choice, number, tell)

    def write(self, choice: Choice, path: Path, tell: Tell, *, overwrite: bool = False) -> tuple[Path, ...]:
        """Write the pages, as PDF or PNG as the name ends; the files. ReportError as `saving.write` does."""
        files = paths(path, self.source.pages(choice.images))
        if not self.source.pages(choice.images):
            raise ReportError("There is no key image.", remedy="Choose some, or report this image alone.")
        document.require_free(files, overwrite=overwrite)  # before drawing: the answer should be quick
        pages = self.pages(choice, tell)
        if is_pdf(path):
            paper.save(pages, path, overwrite=overwrite)
        else:
            document.save(pages, files, overwrite=overwrite)
        return files

    def page(self, choice: Choice, number: int, tell: Tell) -> Document:
        """Page `number` (from 0). Raises GlassboxError where an image cannot be shown.

        The comment is on the first page alone.
        """
        count = self.source.pages(choice.images)
        images: tuple[KeyImage | None, ...] = (None,)
        if choice.images != THIS:
            each = TOGETHER if choice.images == CONTACT else 1
            images = self.source.images[number * each : (number + 1) * each]
        reports = []
        for place, image in enumerate(images):
            tell(f"Gathering page {number + 1} of {count}", number * len(images) + place, count * len(images))
            view = self._view(image, tell)
            if not choice.marks:
                view = replace(view, marks=())
            comment = choice.comment if number == place == 0 else ""
            report = build(view, comment=comment, deidentify=choice.deidentify)
            reports.append(replace(report, page=number + 1, pages=count))
        return Document(tuple(reports), choice.images == CONTACT)

    def _view(self, image: KeyImage | None, tell: Tell) -> ResolvedView:
        source = self.source
        shown = source.view.header
        if image is None or (shown is not None and shown.key == image.instance):
            return self._with_marks(source.view)
        kept = self._views.get(image.instance)
        if kept is None:
            kept = self._resolved(image, tell)
            self._views.put(image.instance, kept)
        return kept

    def _with_marks(self, view: ResolvedView) -> ResolvedView:
        """What is on the screen, also with marks that are hidden there: the page has its own choice."""
        state, known = self.source.state, self.source.known
        if view.marks_visible or view.series is None or view.header is None or known is None:
            return view
        marks = MarkBook().on(state.marks, view.series, view.header, slice=view.slice, opened=known.series)
        return replace(view, marks=marks)

    def _resolved(self, image: KeyImage, tell: Tell) -> ResolvedView:
        """What the screen would show of a key image; without a map where the network has not seen it."""
        source, known = self.source, self.source.known
        assert known is not None  # or there is no key image but the slice on the screen
        series, index, header = source.find(image)
        try:
            slice = self._slice(header)
        except GlassboxError as error:
            number = "" if series.series_number is None else f" of series {series.series_number}"
            raise ReportError(
                f"A key image, image {index + 1}{number}, cannot be shown: {error.what}",
                remedy="Remove it from the key images.",
            ) from error
        windows = {series.uid: self._window(series)}
        known = replace(known, slice_of=lambda _key: slice, series_windows=windows, marks=MarkBook())
        state = _state_for(source.state, series, index)
        view = resolve(state, known)
        key = view.wanted
        if view.prediction is None or key is None or view.result is not None or view.withheld:
            return view
        return resolve(state, known) if self._ask(view, slice, known, tell) else view

    def _slice(self, header: SliceHeader) -> Slice:
        from viewer.dicom.pixels import load_slice

        kept = self.source.kept.get(header.key)
        if kept is None:
            return load_slice(header)
        return kept.expand() if isinstance(kept, PackedSlice) else kept

    def _window(self, series: Series) -> Window | None:
        """The window of a series whose slices carry none, found once."""
        known = self.source.known.series_windows if self.source.known is not None else {}
        if series.uid in known:
            return known[series.uid]
        if series.uid not in self._windows:
            self._windows[series.uid] = series_window(series, slice_or_none)
        return self._windows[series.uid]

    def _ask(self, view: ResolvedView, slice: Slice, known: Known, tell: Tell) -> bool:
        """Ask the network again about a slice that was analysed; False where it gives no map now."""
        loaded, key = self.source.loaded, view.wanted
        if loaded is None or key is None or loaded.bundle.digest != key.model_digest:
            return False
        from viewer.explain.answer import explain_slice
        from viewer.explain.twin import twin_of

        def step(done: int = 0, total: int = 0) -> None:
            tell(f"Explaining image {view.index + 1}", done, total)

        self._twin = self._twin or twin_of(loaded)
        try:
            result = explain_slice(
                self._twin,
                slice,
                method=key.method,
                target=key.target,
                against=key.against,
                layer=view.layer if key.layer else None,
                progress=step,
                check=step,
            )
        except GlassboxError:
            return False
        known.analyses.put(result)
        return True


def _state_for(state: ViewerState, series: Series, index: int) -> ViewerState:
    """What the state would be on another slice; on another series the look starts from the file's own."""
    there = replace(state, series=series.uid, slice=index, marks_visible=True)
    if series.uid == state.series:
        return there
    return replace(
        there,
        window=None,
        voi_lut=None,
        invert=False,
        presentation=Presentation(),
        region=None,
        occluder=None,
        explanation=replace(state.explanation, target=None),
    )


def _size(view: ResolvedView) -> int:
    maps = view.heatmap.values.nbytes if view.heatmap is not None else 0
    return maps + (view.slice.nbytes if view.slice is not None else 0)
