"""Whether the map on the screen deserves belief: what is cheap by itself, what is costly when asked for.

Works on twins of the network, on threads of its own, so that an analysis goes on. The reader may scroll on
while a map is checked: the lines are kept with the map they are about.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Slot

from viewer.controller.analysis import Analysis
from viewer.controller.desk import Desk, ProgressLine
from viewer.explain.trust.verdict import QUICK, TrustLine
from viewer.jobs.job import CancelToken, Job, Progress
from viewer.jobs.runner import JobRunner
from viewer.results import Heatmap, MapKey, SliceResult
from viewer.session.resolved_view import ResolvedView
from viewer.study import Box, Slice

if TYPE_CHECKING:
    from viewer.inference.loading import LoadedModel

DWELL_MS = 200
"""A map that is only scrolled past is not looked into."""


@dataclass(frozen=True)
class _Key:
    """What a job is about: a map, and the region it is held against (None: the map alone)."""

    map: MapKey
    region: Box | None = None


@dataclass(frozen=True)
class _Found:
    lines: tuple[TrustLine, ...]
    constant: bool = False


class Trust(QObject):
    """Call `follow` after every change of what is shown."""

    def __init__(self, desk: Desk, analysis: Analysis) -> None:
        super().__init__(desk)
        self._desk = desk
        self._analysis = analysis
        self._progress = ProgressLine(desk, "trust")
        self._asked: _Key | None = None
        """What is looked into by itself, or was last; not again before something else was."""
        self._to_check: MapKey | None = None
        """The map whose costly lines are asked for, while the other layers of its slice are on their way."""
        self._weights: dict[str, TrustLine] = {}
        """The line about a network's weights, by the model's digest: the same for every map."""
        self._dwell = QTimer(self)
        self._dwell.setSingleShot(True)
        self._dwell.setInterval(DWELL_MS)
        self._dwell.timeout.connect(self._start)
        self.runner = JobRunner("trust", self)
        self.runner.progressed.connect(self._on_progress)
        self.runner.finished.connect(self._on_checked)
        self.runner.failed.connect(self._on_failed)
        self.quick = JobRunner("trust-quick", self)
        self.quick.finished.connect(self._on_finished)
        self.quick.failed.connect(self._on_quick_failed)
        desk.study_changed.connect(self._forget)

    def follow(self) -> None:
        """Look into the map on the screen, if it stays and something is not known of it yet."""
        self._check_if_ready()
        key = self._wanted()
        if key == self._asked:
            return
        self._asked = key
        self._dwell.stop()
        self.quick.cancel()
        if key is not None:
            self._dwell.start()

    def check(self) -> None:
        """Ask the network what is costly about the map on the screen, as soon as its slice is done."""
        self._to_check = _map_of(self._desk.shown)
        self._check_if_ready()

    def _check_if_ready(self) -> None:
        if self._to_check is None:
            return
        if self._to_check != _map_of(self._desk.shown):
            self._to_check = None
            return
        shown = self._shown()
        if shown is None:
            return
        self._to_check = None
        if self._desk.trust.checked(shown[0]):
            return
        key, _heatmap, result, loaded = shown
        running = self.runner.current
        if running is not None and running.key == _Key(key):
            return
        self._progress.begin("Checking the map")
        self.runner.submit(Job(_Key(key), "Checking the map", _checking(loaded, result, key[1])))

    def cancel(self) -> None:
        """Stop the costly lines; those that are there stay."""
        self._to_check = None
        self.runner.cancel()
        self._progress.end()

    def look(self, id: str, on: bool) -> None:
        """Open or close a line's sentence. What was open was looked at."""
        state = self._desk.state
        opened = state.trust_opened | {id} if on else state.trust_opened - {id}
        self._desk.model.update(trust_opened=opened, looked=self._looked({id}))

    def look_away(self) -> None:
        """The panel is closed: no sentence is on show any more."""
        opened = self._desk.state.trust_opened
        if opened:
            self._desk.model.update(trust_opened=frozenset(), looked=self._looked(opened))

    def _looked(self, ids: set[str] | frozenset[str]) -> frozenset[tuple[MapKey, str]]:
        """What was looked at, with these lines of the map on the screen."""
        key, view = _map_of(self._desk.shown), self._desk.shown
        there = {line.id for line in view.trust}
        return self._desk.state.looked | {(key, id) for id in ids & there if key is not None}

    def _wanted(self) -> _Key | None:
        shown, region = self._shown(), self._desk.state.region
        if shown is None:
            return None
        key, kept = shown[0], self._desk.trust
        if kept.lacks(key, QUICK):
            return _Key(key)
        return _Key(key, region) if region is not None and kept.lacks_region(key, region) else None

    def _shown(self) -> tuple[MapKey, Heatmap, SliceResult, LoadedModel] | None:
        """The map on the screen, if the network that made it is at hand."""
        view, loaded = self._desk.shown, self._analysis.loaded
        key = _map_of(view)
        if key is None or view.heatmap is None or view.result is None or loaded is None:
            return None
        same = loaded.bundle.digest == view.result.key.model_digest and view.result.complete
        return (key, view.heatmap, view.result, loaded) if same else None

    @Slot()
    def _start(self) -> None:
        shown, key, view = self._shown(), self._asked, self._desk.shown
        if shown is None or key is None or key.map != shown[0] or view.slice is None:
            return
        _map, heatmap, result, loaded = shown
        if key.region is not None:
            run = _placing(heatmap, key.region)
        else:
            known = self._weights.get(loaded.bundle.digest)
            run = _looking(loaded, result, key.map[1], view.slice, known)
        self.quick.submit(Job(key, "Looking into the map", run))

    @Slot(object, object)
    def _on_finished(self, job: Job, found: Any) -> None:
        key: Any = job.key
        if key.region is not None:
            self._desk.trust.put_region(key.map, key.region, found.lines)
        else:
            self._desk.trust.put(key.map, found.lines, constant=found.constant)
            if not found.constant:
                lines = {line.id: line for line in found.lines}
                self._weights[key.map[0].model_digest] = lines["weights"]
        self._desk.learned.emit()

    @Slot(object, int, int, object)
    def _on_progress(self, job: Job, done: int, total: int, partial: Any) -> None:
        self._progress.move(done, total)
        if partial is not None:
            key: Any = job.key
            self._desk.trust.put(key.map, (partial,))
            self._desk.learned.emit()

    @Slot(object, object)
    def _on_checked(self, job: Job, result: Any) -> None:
        self._progress.end()
        self._desk.learned.emit()

    @Slot(object, object)
    def _on_failed(self, job: Job, error: Exception) -> None:
        self._progress.end()
        self._desk.say_error(error)

    @Slot(object, object)
    def _on_quick_failed(self, job: Job, error: Exception) -> None:
        self._desk.say_error(error)

    @Slot()
    def _forget(self) -> None:
        self.cancel()
        self._dwell.stop()
        self.quick.cancel()
        self._asked = None
        self._desk.trust.clear()
        self._desk.model.update(trust_opened=frozenset(), looked=frozenset())


def _map_of(view: ResolvedView) -> MapKey | None:
    return (view.heatmap.key, view.heatmap.layer.name) if view.heatmap is not None else None


def _looking(
    loaded: LoadedModel, result: SliceResult, layer: str, slice: Slice, weights: TrustLine | None
) -> Any:
    def run(token: CancelToken, progress: Progress) -> _Found:
        from viewer.explain.trust.check import quick_lines
        from viewer.explain.trust.live import live_lines
        from viewer.explain.trust.shown import shown_of
        from viewer.explain.twin import twin_of

        lines = live_lines(result, layer, slice)
        token.check()
        quick = quick_lines(shown_of(twin_of(loaded), result, layer), token.check, weights_known=weights)
        return _Found((*lines, *quick.lines), quick.constant)

    return run


def _placing(heatmap: Heatmap, region: Box) -> Any:
    def run(token: CancelToken, progress: Progress) -> _Found:
        from viewer.explain.trust.live import region_lines

        return _Found(region_lines(heatmap, region))

    return run


def _checking(loaded: LoadedModel, result: SliceResult, layer: str) -> Any:
    def run(token: CancelToken, progress: Progress) -> None:
        from viewer.explain.trust.check import costly_lines
        from viewer.explain.trust.shown import shown_of
        from viewer.explain.twin import twin_of

        at = (0, 0)

        def step(done: int, total: int) -> None:
            nonlocal at
            at = (done, total)
            progress(done, total)

        shown = shown_of(twin_of(loaded), result, layer)
        for line in costly_lines(shown, step, token.check):
            progress(*at, line)

    return run
