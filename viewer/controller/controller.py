"""The controller: turns intents into state, state into a view, and sets the work going that is missing.

Lives on the GUI thread and never blocks it. `attach` a view, then `start`; `shutdown` always.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Slot

from viewer import resources
from viewer.annotate.mark import KINDS
from viewer.commands.command import CommandRegistry
from viewer.commands.defaults import default_commands
from viewer.controller.analysis import Analysis
from viewer.controller.decoding import Decoding
from viewer.controller.desk import Desk
from viewer.controller.editing import Editing
from viewer.controller.export import Export
from viewer.controller.heat_places import HeatPlaces
from viewer.controller.keeping import Keeping
from viewer.controller.key_images import KeyImages
from viewer.controller.looking import Looking
from viewer.controller.marking import Marking
from viewer.controller.measuring import Measuring
from viewer.controller.models import Models
from viewer.controller.occluding import Occluding
from viewer.controller.on_demand import OnDemand
from viewer.controller.opening import Opening
from viewer.controller.replaying import Replaying
from viewer.controller.tags import Tags
from viewer.controller.trust import Trust
from viewer.explain.methods import FAMILY, METHODS, of_kind
from viewer.notice import Notice
from viewer.session import peaks
from viewer.session.resolve import resolve
from viewer.session.state import ViewerState
from viewer.settings import Settings
from viewer.study import Box
from viewer.view import Blank, View

if TYPE_CHECKING:
    from viewer.session.store import Store

BOXES = ("occluder", "region")
"""Tools that draw a box for the network; all others draw a mark."""


def _forget_settings(settings: Settings) -> None:
    """Settings of a session that keeps nothing."""


class Controller(Looking, QObject):
    """Implements `commands.intents.Intents`.

    Parameters
    ----------
    settings : as loaded.
    keep : called with the settings whenever they change; saves them.
    store : what the reader makes is kept in; None: nowhere.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        keep: Callable[[Settings], Any] = _forget_settings,
        store: Store | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        settings = settings or Settings()
        self._desk = Desk(settings, keep, store, self)
        self._opening = Opening(self._desk)
        self._decoding = Decoding(self._desk)
        self._models = Models(self._desk)
        self._analysis = Analysis(self._desk, self._models)
        self._on_demand = OnDemand(self._desk, self._analysis)
        self._occluding = Occluding(self._desk, self._analysis)
        self._heat_places = HeatPlaces(self._desk)
        self._trust = Trust(self._desk, self._analysis)
        self._editing = Editing(self._desk, self._analysis)
        self._measuring = Measuring(self._desk)
        self.keeping = Keeping(self._desk, self._opening, self._editing)
        self.marks = Marking(self._desk, self._editing, self._go)
        self.key_images = KeyImages(self._desk, self._editing, self._go)
        self._export = Export(self._desk, self._analysis)
        self._tags = Tags(self._desk)
        self._replaying = Replaying(self._desk, self._opening, self._analysis, restored=self.keeping.restored)
        self.commands = CommandRegistry(default_commands(self), shortcuts=settings.shortcuts)
        self._desk.model.changed.connect(self._on_changed)
        self._desk.learned.connect(self._refresh)

    @property
    def settings(self) -> Settings:
        return self._desk.settings

    def attach(self, view: View) -> None:
        """Show everything in `view` from now on, beginning with what there is."""
        self._desk.view = view
        view.show_view(self._desk.shown, None)

    def start(self) -> None:
        """What can wait until the window is on the screen: which models there are, what was kept."""
        self._models.find()
        self.keeping.start()

    def shutdown(self, timeout_ms: int = 5000) -> bool:
        """Stop all work and end the threads; False if one did not end in time."""
        self._desk.view = Blank()
        parts = (
            self._opening,
            self._decoding,
            self._analysis,
            self._on_demand,
            self._occluding,
            self._heat_places,
            self._trust,
            self._measuring,
            self._export,
            self._tags,
            self._replaying,
        )
        runners = [self._decoding.ahead, self._trust.quick, *(part.runner for part in parts)]
        for runner in runners:
            runner.cancel()
        from viewer.dicom.processes import POOL

        POOL.stop()  # a decoder that hangs is not waited for
        deadline = time.monotonic() + timeout_ms / 1000
        ends = [self.keeping.close, *(runner.shutdown for runner in runners)]
        left = [end(max(0, int(1000 * (deadline - time.monotonic())))) for end in ends]
        return all(left)

    def say(self, notice: Notice) -> None:
        """Show a notice that came from outside: a bad path on the command line, damaged settings."""
        self._desk.view.show_notice(notice)

    def keep_settings(self, **changes: Any) -> None:
        """Change settings and save them."""
        self._desk.keep(**changes)

    @Slot(object, object)
    def _on_changed(self, old: ViewerState, new: ViewerState) -> None:
        self._editing.record(old, new)
        stale = {name: None for name in BOXES if (box := getattr(new, name)) and box is getattr(old, name)}
        if new.series != old.series and stale:
            with self._editing.unrecorded():  # they lie on another series' slices
                self._desk.model.update(**stale)
            return
        self._refresh()

    @Slot()
    def _refresh(self) -> None:
        """State and knowledge -> view; then the work that the view waits for."""
        desk = self._desk
        previous, desk.shown = desk.shown, resolve(desk.state, desk.known)
        header, result = desk.shown.header, desk.shown.result
        desk.slices.pin([header.key] if header is not None else [])
        desk.analyses.pin([result.key] if result is not None else [])
        desk.view.show_view(desk.shown, previous)
        self._models.show()
        self._decoding.follow()
        self._analysis.follow()
        self._on_demand.follow()
        self._occluding.follow()
        self._heat_places.follow()
        self._trust.follow()
        self._measuring.follow()
        self.keeping.follow()
        self._tags.follow()
        self._replaying.follow()

    # Opening

    def open(self, path: Path) -> None:
        self._replaying.open(path)

    def open_study(self, path: Path) -> None:
        self._replaying.open_study(path)

    def open_sample(self) -> None:
        self._replaying.drop()
        self._opening.open(resources.sample_study(), remember=False)

    def cancel(self, lane: str) -> None:
        if lane == "dicom":
            self._replaying.drop()
            self._opening.cancel()
        elif lane == "inference":
            self._analysis.cancel()
        elif lane == "explanation":
            self._on_demand.cancel()
        elif lane == "trust":
            self._trust.cancel()

    # Which slice

    def select_series(self, uid: str) -> None:
        self._opening.select(uid)

    def step_series(self, n: int) -> None:
        uids = list(self._desk.series)
        if self.state.series in uids:
            at = min(max(uids.index(self.state.series) + n, 0), len(uids) - 1)
            self._opening.select(uids[at])

    def step(self, n: int) -> None:
        if self.state.only_key_images:
            self.key_images.step(n)
        else:
            self._show_slice(self.view.index + n)

    def go_to(self, index: int) -> None:
        series = self.view.series
        if series is not None:
            wanted = index + len(series.slices) if index < 0 else index
            nearest = self.key_images.nearest(wanted) if self.state.only_key_images else None
            self._show_slice(wanted if nearest is None else nearest)

    def next_peak(self) -> None:
        if self.view.ribbon is not None:
            self._show_peak(peaks.next_peak(self.view.ribbon, self.view.index))

    def previous_peak(self) -> None:
        if self.view.ribbon is not None:
            self._show_peak(peaks.previous_peak(self.view.ribbon, self.view.index))

    def _show_peak(self, index: int | None) -> None:
        if index is not None:
            self._show_slice(index)

    def _show_slice(self, index: int) -> None:
        series = self.view.series
        if series is not None:
            self._desk.model.update(slice=min(max(index, 0), len(series.slices) - 1))

    def _go(self, series: str, index: int) -> None:
        """Show slice `index` of a series."""
        self._opening.select(series)
        self._show_slice(index)

    # Taking back

    def undo(self) -> None:
        self._editing.undo()

    def redo(self) -> None:
        self._editing.redo()

    # Identity and attributes

    def set_deidentified(self, on: bool) -> None:
        self._desk.keep(deidentified=on)
        self._desk.model.update(deidentified=on)

    def watch_tags(self, on: bool) -> None:
        self._tags.watch(on)

    # Layers

    def step_layer(self, n: int) -> None:
        layers, layer = self.view.layers, self.view.layer
        if layer is not None:
            at = min(max(layers.index(layer) + n, 0), len(layers) - 1)
            self.set_layer(layers[at].name)

    def set_layer(self, name: str) -> None:
        if any(layer.name == name for layer in self.view.layers):
            self._desk.model.update(explanation=replace(self.state.explanation, layer=name))

    # The network

    def set_model(self, name: str) -> None:
        if self._models.choose(name):
            self._analysis.cancel()

    def add_model(self, folder: Path) -> None:
        if self._models.add(folder):
            self._analysis.cancel()

    def set_target(self, label: str | None) -> None:
        card = self.view.card
        if label is None or (card is not None and label in card.labels):
            self._analysis.explain(target=label)

    def set_against(self, label: str) -> None:
        card = self.view.card
        if not label or (card is not None and label in card.labels):
            self._analysis.explain(against=label)

    def toggle_explain_anyway(self) -> None:
        series, wanted = self.view.series, self.view.wanted
        if series is not None and wanted is not None:
            wish = frozenset({(series.uid, wanted.model_digest, wanted.target)})
            self._desk.model.update(explain_anyway=self.state.explain_anyway ^ wish)

    def set_method(self, method: str) -> None:
        if method in METHODS and method not in self.view.unfit:
            self._analysis.explain(method=method)

    def step_method(self, n: int) -> None:
        family = [method.id for method in of_kind(FAMILY)]
        shown = self.view.method.id
        at = family.index(shown) + n if shown in family else 0
        self.set_method(family[min(max(at, 0), len(family) - 1)])

    def analyse(self) -> None:
        self._analysis.start()

    def analyse_anyway(self) -> None:
        self._analysis.start(accepted=True)

    # Boxes on the slice, and what the network saw

    def set_tool(self, tool: str) -> None:
        if tool in ("", *BOXES, *KINDS) and (self.view.series is not None or not tool):
            self._desk.model.update(tool=tool)

    def set_box(self, tool: str, box: Box | None) -> None:
        header = self.view.header
        if tool not in BOXES or header is None:
            return
        if box is None or box.covers(header.rows, header.cols):
            with self._editing.gesture(tool if box is not None else ""):
                self._desk.model.update(**{tool: box})

    def delete_box(self) -> None:
        state = self.state
        of_tool = state.tool if state.tool in BOXES else ""
        self.set_box(of_tool or ("occluder" if state.occluder is not None else "region"), None)

    def toggle_truth_view(self) -> None:
        self._desk.model.update(truth_view=not self.state.truth_view)

    # Whether to believe the map

    def check_map(self) -> None:
        self._trust.check()

    def look_at(self, line: str, on: bool) -> None:
        self._trust.look(line, on)

    def close_trust(self) -> None:
        self._trust.look_away()

    # The report

    def report_source(self) -> Any:
        return self._export.source()

    def make_report(self, *, comment: str = "", deidentify: bool = False) -> Any:
        return self._export.make(comment=comment, deidentify=deidentify)

    def export_report(self, path: Path, *, overwrite: bool = False, **choice: Any) -> None:
        self._export.export(path, overwrite=overwrite, **choice)
