"""Opening an exported report: its study, slice, window, model, overlay and marks come back.

The study is looked for where it was opened before, else asked for. What came back is then held against the
report in the background: a study or a network that is not the same is said, in a sentence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Slot

from viewer.annotate.mark import KeyImage, Mark
from viewer.controller.analysis import Analysis
from viewer.controller.desk import Desk
from viewer.controller.opening import Opening
from viewer.errors import GlassboxError
from viewer.imaging.colormap import GREY
from viewer.inference.bundle import ModelBundle
from viewer.jobs.job import CancelToken, Job, Progress
from viewer.jobs.runner import JobRunner
from viewer.results import SliceKey
from viewer.session.marks import MarkBook, index_of
from viewer.session.resolve import resolve
from viewer.session.resolved_view import ResolvedView
from viewer.session.trust import TrustKept
from viewer.study import Series

if TYPE_CHECKING:
    from viewer.errors import ReportError
    from viewer.report.document import Document
    from viewer.report.report import Report
    from viewer.session.store import Store

SUFFIXES = (".png", ".json")
ASK = "The study of this report is not where it was, or was never opened here."


@dataclass(frozen=True, eq=False)
class _Read:
    """What a file held, and where its study may lie; no document: the file is no PNG."""

    path: Path
    document: Document | None = None
    places: tuple[Path, ...] = ()


@dataclass(eq=False)
class _Wanted:
    """A report whose study is awaited; `chosen`: the reader said where it is."""

    document: Document
    bundle: ModelBundle | None
    places: list[Path]
    opening: bool = False
    chosen: bool = False

    @property
    def report(self) -> Report:
        return self.document.reports[0]


@dataclass(frozen=True, eq=False)
class _Brought:
    """A report that was brought back and is still to be held against what the study and network say."""

    report: Report
    bundle: ModelBundle | None
    series: str
    slice: SliceKey


class Replaying(QObject):
    """Call `follow` after every change of what is shown.

    Parameters
    ----------
    restored : whether what was kept of a study (its UID) is in place: a report comes after it.
    """

    def __init__(
        self,
        desk: Desk,
        opening: Opening,
        analysis: Analysis,
        *,
        restored: Callable[[str], bool],
    ) -> None:
        super().__init__(desk)
        self._desk = desk
        self._opening = opening
        self._analysis = analysis
        self._restored = restored
        self._wanted: _Wanted | None = None
        self._brought: _Brought | None = None
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._go_on)
        self.runner = JobRunner("replay", self)
        self.runner.finished.connect(self._on_finished)
        self.runner.failed.connect(self._on_failed)

    def open(self, path: Path) -> None:
        """Open what lies at `path`: a report, or anything that can be scanned."""
        self.drop()
        if path.suffix.lower() in SUFFIXES:
            self.runner.submit(Job(("read", path), "Reading the report", _reading(path, self._desk.store)))
        else:
            self._opening.open(path)

    def open_study(self, path: Path) -> None:
        """Open the study that a report waits for."""
        if self._wanted is not None:
            self._wanted.chosen = self._wanted.opening = True
        self._opening.open(path)

    def drop(self) -> None:
        """Nobody waits for a report any more."""
        self._wanted = self._brought = None
        self.runner.cancel()

    def follow(self) -> None:
        """Go on with the report that waits, once whoever changed the view is done with it."""
        if self._wanted is not None or self._brought is not None:
            self._soon.start()

    @Slot()
    def _go_on(self) -> None:
        if self._wanted is not None:
            self._look(self._wanted)
        elif self._brought is not None and not self.runner.busy:
            self._hold(self._brought)

    # Its study

    def _look(self, wanted: _Wanted) -> None:
        from viewer.report import asked

        place = asked.find(wanted.report, self._desk.series.values())
        if place is not None:
            if self._restored(place[0].study_instance_uid):
                self._wanted = None
                self._bring(wanted, *place)
        elif not self._opening.scanning:
            self._look_elsewhere(wanted)

    def _look_elsewhere(self, wanted: _Wanted) -> None:
        """It is not among what is open: go on where it may be, else ask; refuse what the reader chose."""
        from viewer.report import asked

        if wanted.places and not wanted.chosen:
            wanted.opening = True
            self._opening.open(wanted.places.pop(0))
        elif wanted.chosen:
            self._wanted = None
            self._desk.say_error(asked.missing(wanted.report, self._desk.series.values()))
        else:
            wanted.chosen = True
            self._desk.view.ask_study(ASK)

    def _bring(self, wanted: _Wanted, series: Series, index: int) -> None:
        """Everything the report tells comes back."""
        from viewer.report import asked

        desk, report, state = self._desk, wanted.report, self._desk.state
        changes = asked.asked(report, series, index, wanted.bundle)
        if report.deidentified:
            del changes["graphics"]  # they were left out for who they might name
        if "overlay" in changes:
            look = changes["overlay"]
            colors = state.overlay.colormap if look.colormap == GREY else look.colormap
            changes["overlay"] = replace(look, colormap=colors, visible=True)
        for name in ("asked", "accepted", "explain_anyway"):
            changes[name] = getattr(state, name) | changes.get(name, frozenset())
        every = list(desk.series.values())
        drawn = [mark for one in wanted.document.reports for mark in asked.marks_of(one, every)]
        marks, changed = _joined(state.marks, drawn)
        key_images = _with_pages(state.key_images, wanted.document, every)
        desk.model.update(**changes)
        desk.model.update(marks=marks, key_images=key_images)  # a step of its own for Undo
        self._brought = _Brought(report, wanted.bundle, series.uid, series.slices[index].key)
        if wanted.bundle is not None:
            self._analysis.ask_here()
        more = "1 mark has been changed since and stays as it is now."
        if changed != 1:
            more = f"{changed} marks have been changed since and stay as they are now."
        made = report.created.replace("T", " ")[:16]
        desk.say(f"The report of {made} is back.", more if changed else "")

    # Whether it holds

    def _hold(self, brought: _Brought) -> None:
        """Hold it against slice and map, once they are there; the reader may look elsewhere meanwhile."""
        view = self._as_asked(brought)
        if view is None:
            return
        report = brought.report
        self._brought = None
        self.runner.submit(Job(("hold", report.source_sha256), "Checking the report", _holding(view, report)))

    def _as_asked(self, brought: _Brought) -> ResolvedView | None:
        """The view of the report's own state; None while something of it is missing."""
        from viewer.report import asked

        desk, report = self._desk, brought.report
        series = desk.series.get(brought.series)
        if series is None or desk.growing or desk.slices.get(brought.slice) is None:
            return None
        index = index_of(brought.slice, series)
        if index is None:
            return None
        state = asked.state_of(report, series, index, brought.bundle, ())
        view = resolve(state, replace(desk.known, trust=TrustKept(), marks=MarkBook()))
        analysis = report.analysis
        if analysis is not None:
            waits = analysis.map is not None and view.heatmap is None and not view.withheld
            if view.prediction is None or waits or (view.result is not None and not view.result.complete):
                return None
        return view

    @Slot(object, object)
    def _on_finished(self, job: Job, found: Any) -> None:
        if isinstance(found, _Read):
            self._take(found)
        elif found is not None:
            self._desk.say(found.what, found.remedy, "warning")

    def _take(self, read: _Read) -> None:
        from viewer.report import asked

        if read.document is None:
            self._opening.open(read.path)
            return
        try:
            bundle = asked.bundle_of(read.document.reports[0], self._desk.bundles)
        except GlassboxError as error:
            self._desk.say_error(error)
            return
        self._wanted = _Wanted(read.document, bundle, list(read.places))
        self.follow()

    @Slot(object, object)
    def _on_failed(self, job: Job, error: Exception) -> None:
        self._desk.say_error(error)


def _joined(there: tuple[Mark, ...], drawn: list[Mark]) -> tuple[tuple[Mark, ...], int]:
    """The marks with those of a report, and how many have been changed since: they stay as they are now."""
    now = {mark.id: mark for mark in there}
    new = {mark.id: mark for mark in drawn if mark.id not in now}
    changed = {mark.id for mark in drawn if mark.id in now and now[mark.id] != mark}
    return (*there, *new.values()), len(changed)


def _with_pages(
    there: tuple[KeyImage, ...], document: Document, series: list[Series]
) -> tuple[KeyImage, ...]:
    """The key images, with those that stand together on a contact page."""
    from viewer.report import asked

    found = list(there)
    for report in document.reports if document.contact else ():
        place = asked.find(report, series)
        if place is not None:
            one, index = place
            key = one.slices[index].key
            if all(other.instance != key for other in found):
                found.append(KeyImage(one.study_instance_uid, one.uid, key))
    return tuple(found) if len(found) > len(there) else there


def _reading(path: Path, store: Store | None) -> Any:
    def run(token: CancelToken, progress: Progress) -> _Read:
        from viewer.report import asked, chunks, replay

        if not path.is_file() or (path.suffix.lower() == ".png" and not chunks.is_png(path)):
            return _Read(path)  # a file of DICOM may have any name
        document = replay.read(path)
        token.check()
        places = asked.places(document.reports[0], store) if store is not None else ()
        return _Read(path, document, tuple(place for place in places if place.exists()))

    return run


def _holding(view: ResolvedView, report: Report) -> Any:
    def run(token: CancelToken, progress: Progress) -> ReportError | None:
        from viewer.report import agreement, asked
        from viewer.report.report import build

        again = build(
            asked.as_exported(view, report),
            comment=report.comment,
            deidentify=report.deidentified,
            now=datetime.fromisoformat(report.created),
        )
        return agreement.refusal(report, replace(again, marks=report.marks))

    return run
