"""Opening an exported report: its study, slice, window, model, overlay, marks and comment come back.

The study is looked for where it was opened before, else asked for; a folder without it is refused before it
takes the place of what is open. What came back is then held against the report in the background: a study or
a network that is not the same is said, in a sentence.
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
from viewer.controller.desk import Desk, ProgressLine
from viewer.controller.opening import Opening
from viewer.errors import GlassboxError, StudyError
from viewer.imaging.colormap import GREY
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
    from viewer.inference.bundle import ModelBundle
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
    """A report whose study is awaited.

    Parameters
    ----------
    places : where it may lie and was not looked for yet.
    asked : the reader was asked where it is.
    opened : it was found, and is being opened.
    """

    document: Document
    bundle: ModelBundle | None
    places: tuple[Path, ...]
    asked: bool = False
    opened: bool = False

    @property
    def report(self) -> Report:
        return self.document.reports[0]


@dataclass(frozen=True, eq=False)
class _Sought:
    """Where the study of a report lies; no place: it is not where it was looked for last, and `why`."""

    place: Path | None = None
    why: GlassboxError | None = None


class _Here(Exception):
    """The image of the report was found: the rest of the folder need not be read."""


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
        self._progress = ProgressLine(desk, "dicom")
        self.runner = JobRunner("replay", self)
        self.runner.progressed.connect(self._on_progress)
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
        """Open the study that a report waits for, if it lies at `path`."""
        if self._wanted is None:
            self._opening.open(path)
        else:
            self._wanted.places = (path,)
            self._look(self._wanted)

    def drop(self) -> None:
        """Nobody waits for a report any more."""
        self._wanted = self._brought = None
        self.runner.cancel()
        self._progress.end()

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
        elif self._opening.scanning or self.runner.current is not None:
            return
        elif wanted.opened:
            self._refuse(asked.missing(wanted.report, self._desk.series.values()))
        elif wanted.places:
            places, wanted.places = wanted.places, ()
            title = "Looking for the study of the report"
            self._progress.begin(title)
            self.runner.submit(Job(("seek", places), title, _seeking(wanted.report, places)))
        elif not wanted.asked:
            wanted.asked = True
            self._desk.view.ask_study(ASK)

    def _go_to(self, wanted: _Wanted, sought: _Sought) -> None:
        """Open the study where it was found; else ask where it is, and say why what was chosen is not it."""
        if sought.place is not None:
            wanted.opened = True
            self._opening.open(sought.place)
        elif wanted.asked and sought.why is not None:
            self._desk.view.ask_study(sought.why.what)
        else:
            self.follow()

    def _refuse(self, why: GlassboxError) -> None:
        self._wanted = None
        self._desk.say_error(why)

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
        written = next((one.comment for one in wanted.document.reports if one.comment.strip()), "")
        there = state.comment_on(series.study_instance_uid)
        comments = state.comments
        if written and not there:
            comments = (*comments, (series.study_instance_uid, written))
        desk.model.update(**changes)
        desk.model.update(marks=marks, key_images=key_images, comments=comments)  # a step of its own for Undo
        self._brought = _Brought(report, wanted.bundle, series.uid, series.slices[index].key)
        if wanted.bundle is not None:
            self._analysis.ask_here()
        made = report.created.replace("T", " ")[:16]
        desk.say(
            f"The report of {made} is back.", _since(changed, bool(written) and there not in ("", written))
        )

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

    @Slot(object, int, int, object)
    def _on_progress(self, job: Job, done: int, total: int, partial: Any) -> None:
        self._progress.move(done, total)

    @Slot(object, object)
    def _on_finished(self, job: Job, found: Any) -> None:
        self._progress.end()
        if isinstance(found, _Read):
            self._take(found)
        elif isinstance(found, _Sought):
            if self._wanted is not None:
                self._go_to(self._wanted, found)
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
        self._wanted = _Wanted(read.document, bundle, read.places)
        self.follow()

    @Slot(object, object)
    def _on_failed(self, job: Job, error: Exception) -> None:
        self._progress.end()
        self._desk.say_error(error)


def _joined(there: tuple[Mark, ...], drawn: list[Mark]) -> tuple[tuple[Mark, ...], int]:
    """The marks with those of a report, and how many have been changed since: they stay as they are now."""
    now = {mark.id: mark for mark in there}
    new = {mark.id: mark for mark in drawn if mark.id not in now}
    changed = {mark.id for mark in drawn if mark.id in now and now[mark.id] != mark}
    return (*there, *new.values()), len(changed)


def _since(marks: int, comment: bool) -> str:
    """What is not as it was in the report, for it has been changed since."""
    said = []
    if marks:
        have = (
            "mark has been changed since and stays as it is"
            if marks == 1
            else ("marks have been changed since and stay as they are")
        )
        said.append(f"{marks} {have} now.")
    if comment:
        said.append("The comment has been changed since and stays as it is now.")
    return " ".join(said)


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


def _seeking(report: Report, places: tuple[Path, ...]) -> Any:
    def run(token: CancelToken, progress: Progress) -> _Sought:
        from viewer.dicom.lean_import import import_readers

        import_readers()
        from viewer.dicom.scan import scan
        from viewer.report import asked

        def watch(done: int, total: int, partial: Any = None) -> None:
            progress(done, total)
            if partial is not None and asked.find(report, partial.series) is not None:
                raise _Here

        why: GlassboxError | None = None
        for place in places:
            try:
                why = asked.missing(report, scan(place, progress=watch).series)
            except _Here:
                return _Sought(place)
            except StudyError as error:
                why = error
        return _Sought(why=why)

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
