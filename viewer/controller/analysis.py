"""Analysing a series: the visible slice first, then outwards; results appear slice by slice.

One torch user at a time: loading a network and asking it are jobs of one runner.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Slot

from viewer.controller.desk import Desk, ProgressLine
from viewer.controller.inference_jobs import Failure, Focus, Moved, Ready, Wish, analysing, loading
from viewer.controller.models import Models
from viewer.explain import methods
from viewer.inference.domain import unstated
from viewer.jobs.job import Job
from viewer.jobs.runner import JobRunner
from viewer.results import SliceResult
from viewer.session.resolve import outside
from viewer.session.state import Explanation
from viewer.study import SliceHeader

if TYPE_CHECKING:
    from viewer.inference.bundle import ModelBundle
    from viewer.inference.loading import LoadedModel


@dataclass(frozen=True, eq=False)
class _Plan:
    """What the reader wants analysed: a series, by a model, explained by a method of the CAM family.

    `only` is the key of the one slice that is wanted, None for the whole series.
    """

    series: str
    bundle: ModelBundle
    asked: Explanation
    only: tuple[str, int] | None = None


class Analysis(QObject):
    """Loads and asks networks. Call `follow` after every change of what is shown."""

    def __init__(self, desk: Desk, models: Models) -> None:
        super().__init__(desk)
        self._desk = desk
        self._models = models
        self._progress = ProgressLine(desk, "inference")
        self._ready: Ready | None = None
        self._plan: _Plan | None = None
        """What is being done, and gone on with when a scan adds slices; None after a cancel."""
        self._slices_seen = 0
        self._failed: dict[tuple[str, int], str] = {}
        self._focus = Focus()
        self.runner = JobRunner("inference", self)
        self.runner.progressed.connect(self._on_progress)
        self.runner.finished.connect(self._on_finished)
        self.runner.failed.connect(self._on_failed)
        desk.study_changed.connect(self._forget)

    @property
    def loaded(self) -> LoadedModel | None:
        """The network in use; None before one is loaded. Work on another thread takes a twin of it."""
        return self._ready.loaded if self._ready is not None else None

    @property
    def device(self) -> str:
        """Where the loaded network runs; "" before one is loaded."""
        return self._ready.loaded.device if self._ready is not None else ""

    def start(self, *, accepted: bool = False) -> None:
        """Analyse the series on the screen; outside the model's domain only once that is `accepted`."""
        desk, series, bundle = self._desk, self._desk.shown.series, self._models.chosen
        if series is None:
            return
        if bundle is None:
            desk.say("There is no model to analyse with.", "Add a model bundle.", "warning")
            return
        pair = (series.uid, bundle.digest)
        problems = outside(bundle.card, series, desk.shown.header)
        take = {pair} if accepted else set()
        desk.model.update(asked=desk.state.asked | {pair}, accepted=desk.state.accepted | take)
        if problems and pair not in desk.state.accepted:
            desk.say(
                f"This series is outside the domain of {bundle.card.title}. {' '.join(problems)}",
                "Choose another model, or confirm with AI > Analyse Outside the Model's Domain.",
                "warning",
            )
            return
        if questions := unstated(bundle.card, series):
            desk.say(" ".join(questions), "Make sure that it fits before you believe the answer.", "warning")
        self._failed.clear()
        self._go_on(_Plan(series.uid, bundle, _by_family(desk.state.explanation, bundle)))

    def explain(self, **changes: Any) -> None:
        """Ask something else (fields of `Explanation`): cached maps at once, the others as the series was
        analysed.

        After a cancel only the slice on the screen is asked about.
        """
        desk = self._desk
        desk.model.update(explanation=replace(desk.state.explanation, **changes))
        view, bundle = desk.shown, self._models.chosen
        if view.series is None or bundle is None or view.header is None:
            return
        going_on = self._plan is not None and self._plan.series == view.series.uid
        if going_on or view.prediction is not None:
            only = None if going_on else view.header.key
            self._go_on(_Plan(view.series.uid, bundle, _by_family(desk.state.explanation, bundle), only))

    def ask_here(self) -> None:
        """Ask about the slice on the screen alone, as the state says, even outside the model's domain."""
        view, bundle = self._desk.shown, self._models.chosen
        if view.series is not None and view.header is not None and bundle is not None:
            asked = _by_family(self._desk.state.explanation, bundle)
            self._go_on(_Plan(view.series.uid, bundle, asked, view.header.key))

    def cancel(self) -> None:
        """Stop; the results that are there stay."""
        self._plan = None
        self.runner.cancel()
        self._progress.end()

    def follow(self) -> None:
        """The slice on the screen is next; slices that a scan added, or whose result had to leave the
        cache while they were not looked at, are asked about again."""
        view, plan = self._desk.shown, self._plan
        if plan is None or view.series is None or view.header is None or view.series.uid != plan.series:
            return
        self._aim()
        if self.runner.current is not None:
            return
        if plan.only is None and len(view.series.slices) > self._slices_seen:
            self._go_on(plan)
        elif self._is_missing(plan, view.header):
            self._go_on(plan, lost=view.header.key)

    def _is_missing(self, plan: _Plan, header: SliceHeader) -> bool:
        analyses, card = self._desk.analyses, plan.bundle.card
        key = analyses.wanted_key(header.key, plan.bundle.digest, plan.asked, card)
        return header.key not in self._failed and not analyses.has(key)

    def _go_on(self, plan: _Plan, *, lost: tuple[str, int] | None = None) -> None:
        """Load the network if need be, then ask about what is missing (or the one `lost` slice)."""
        self._plan = plan
        series = self._desk.series.get(plan.series)
        if series is None:
            return
        self._slices_seen = len(series.slices)
        one = lost or plan.only
        missing = {
            index: header
            for index, header in enumerate(series.slices)
            if one in (None, header.key) and self._is_missing(plan, header)
        }
        if not missing:
            self.runner.cancel()
            self._progress.end()
        elif self._ready is None or self._ready.loaded.bundle is not plan.bundle:
            self._ready = None  # first: two networks may not fit
            self._progress.begin("Loading model…")
            job, current = loading(plan.bundle, self._desk.settings.device), self.runner.current
            if current is None or current.key != job.key:  # whatever is asked meanwhile waits for it
                self.runner.submit(job)
        else:
            self._aim()
            title = f"Analysing with {plan.bundle.card.title}"
            self._progress.begin(title, len(missing))
            asked = plan.asked
            wish = Wish(asked.target, asked.against, methods.chosen(asked.method, plan.bundle.card).id)
            self.runner.submit(analysing(self._ready, missing, wish=wish, focus=self._focus, title=title))

    def _aim(self) -> None:
        """Tell the job where the reader is."""
        view = self._desk.shown
        self._focus.index = view.index
        self._focus.layer = view.layer.name if view.layer is not None else ""

    @Slot(object, int, int, object)
    def _on_progress(self, job: Job, done: int, total: int, partial: Any) -> None:
        self._progress.move(done, total)
        if isinstance(partial, SliceResult):
            self._desk.analyses.put(partial)
            self._desk.learned.emit()
        elif isinstance(partial, Failure):
            self._failed[partial.header.key] = partial.reason
        elif isinstance(partial, Moved):
            self._desk.view.show_device(partial.device)
            self._desk.say(partial.why, kind="warning")

    @Slot(object, object)
    def _on_finished(self, job: Job, result: Any) -> None:
        if isinstance(result, Ready):
            self._take(result)
            return
        self._progress.end()
        if self._plan is not None and self._plan.only is not None:
            self._plan = None
        if result:
            rows = tuple((f"Image {failure.number}", failure.reason) for failure in result)
            count = "1 slice was" if len(rows) == 1 else f"{len(rows)} slices were"
            self._desk.say(f"{count} not analysed.", "See why in the details.", "warning", details=rows)
        self._desk.learned.emit()

    def _take(self, ready: Ready) -> None:
        """The network is loaded: show where it runs, and go on with what it was loaded for."""
        self._ready = ready
        self._desk.analyses.put_layers(ready.loaded.bundle.digest, ready.layers)
        self._desk.analyses.put_unfit(ready.loaded.bundle.digest, ready.unfit)
        self._desk.view.show_device(ready.device)
        if sentence := methods.unknown(ready.loaded.bundle.card):
            self._desk.say(sentence, "Update Glassbox, or choose a method.", "warning")
        if ready.loaded.notice:
            self._desk.say(ready.loaded.notice, kind="warning")
        if self._plan is not None:
            self._go_on(self._plan)
        self._desk.learned.emit()

    @Slot(object, object)
    def _on_failed(self, job: Job, error: Exception) -> None:
        self._plan = None
        self._progress.end()
        self._desk.say_error(error)

    @Slot()
    def _forget(self) -> None:
        self.cancel()
        self._failed.clear()
        if self._ready is not None:
            self._ready.captures.clear()


def _by_family(asked: Explanation, bundle: ModelBundle) -> Explanation:
    """The same, by Grad-CAM where the method asked for takes passes of its own: a whole series is
    analysed by what one pass gives."""
    costly = methods.chosen(asked.method, bundle.card).on_demand
    return replace(asked, method=methods.DEFAULT) if costly else asked
