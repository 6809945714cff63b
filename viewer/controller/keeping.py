"""Keeping what the reader makes: saved as it is made, and brought back with its study.

Three times a second, while something changes, the changes go to the store, and those of other windows come
back; every two seconds while nothing does. All of it in the background: a disk that fails is said once, and
tried again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Slot

from viewer import resources
from viewer.controller.desk import Desk
from viewer.controller.editing import Editing
from viewer.controller.opening import Opening
from viewer.jobs.job import CancelToken, Job, Progress
from viewer.jobs.runner import JobRunner
from viewer.session.bringing_back import bringing, kept_of, look_at, place_of
from viewer.session.kept import (
    NEVER,
    Change,
    Kept,
    Look,
    Recent,
    Stamp,
    Start,
    StoreError,
    Taken,
    change_of,
    joined,
    look_of,
)
from viewer.session.resolve import chosen_bundle
from viewer.session.state import ViewerState

if TYPE_CHECKING:
    from viewer.session.store import Ask, Store

SAVE_MS = 300
"""How long after a change it is saved."""
LOOK_MS = 2000
"""How often another window's changes are looked for."""
RETRY_MS = 10_000
"""How long a disk that failed is left alone."""


@dataclass(eq=False)
class _Study:
    """One open study, as the database has it."""

    base: Kept
    stamp: Stamp = NEVER
    growing: bool = True
    """Whether more may be known of it than was noted in the list of recent studies."""
    awaits: tuple[float, Look] | None = None
    """How it was left, and when, until that is on the screen or the reader has moved."""

    failed: bool = False
    """Whether it could not be fetched: it is not asked for again at once."""

    @property
    def restored(self) -> bool:
        return self.stamp is not NEVER


class Keeping(QObject):
    """Call `start` once, `follow` after every change of what is shown, and `close` in place of shutting down
    its runner. Without a store it keeps nothing. Implements `commands.intents.KeepingIntents`."""

    def __init__(self, desk: Desk, opening: Opening, editing: Editing) -> None:
        super().__init__(desk)
        self._desk = desk
        self._opening = opening
        self._editing = editing
        self._store: Store | None = desk.store
        self._studies: dict[str, _Study] = {}
        self._seen: object = None
        self._left: list[Ask] = []
        """What is still to be written of studies that are no longer open."""
        self._errands: deque[Job] = deque()
        self._unfinished: Recent | None = None
        self._failing = False
        self._forgetting = False
        self._left_at = 0.0
        """When the look was left that is on the screen; 0.0: none was brought there."""
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._exchange)
        self.runner = JobRunner("store", self)
        self.runner.finished.connect(self._on_finished)
        self.runner.failed.connect(self._on_failed)
        if self._store is not None:
            desk.model.changed.connect(self._on_changed)
            desk.study_changed.connect(self._leave)

    def start(self) -> None:
        """Open the database; show recent studies; offer to go on after a crash."""
        store = self._store
        if store is not None:
            inbox = self._desk.settings.recent
            self._do("begin", partial(store.begin, inbox))

    def follow(self) -> None:
        """Fetch what is kept of studies that are new on the screen, and bring it there."""
        if self._store is None:
            return
        series = self._desk.series
        if series is not self._seen:
            self._seen = series
            uids = dict.fromkeys(one.study_instance_uid for one in series.values())
            new = [uid for uid in uids if uid and uid not in self._studies]
            self._studies.update({uid: _Study(Kept(uid)) for uid in new})
            if new or not self._desk.growing:
                self._exchange()
        self._bring_looks()

    def restored(self, study: str) -> bool:
        """Whether what is kept of a study is in the state, or cannot come."""
        known = self._studies.get(study)
        return known.restored or known.failed if known is not None else self._store is None or not study

    @property
    def can_go_on(self) -> bool:
        """Whether Glassbox was killed while a study was open, and nothing was opened since."""
        return self._unfinished is not None

    def go_on(self) -> None:
        """Open what was open when Glassbox was killed."""
        if self._unfinished is not None:
            path = Path(self._unfinished.path)
            self._opening.open(path, remember=path != resources.sample_study())

    def forget_recent(self) -> None:
        """Empty the list of recent studies."""
        store = self._store
        if store is not None:
            self._forgetting = True
            self._desk.view.show_recent(())
            self._do("forget", store.forget_recent)

    def close(self, timeout_ms: int) -> bool:
        """End the thread, write what is not yet written, and leave the database; False if it did not end."""
        self._timer.stop()
        ended = self.runner.shutdown(timeout_ms)
        if ended and self._store is not None:
            with suppress(StoreError):  # it was said
                self._store.exchange(self._asks())
                if self._forgetting:
                    self._store.forget_recent()
            self._store.end()
        return ended

    # Saving

    @Slot(object, object)
    def _on_changed(self, old: ViewerState, new: ViewerState) -> None:
        soon = self._timer.isActive() and self._timer.remainingTime() <= SAVE_MS
        if self._studies and not soon and not self._failing:
            self._timer.start(SAVE_MS)

    @Slot()
    def _exchange(self) -> None:
        store, asks = self._store, self._asks()
        if store is None or not asks or self.runner.busy:
            return  # a job that ends starts the next
        places, growing = any(ask.place for ask in asks), self._desk.growing

        def run() -> tuple[list[Ask], bool, tuple[Taken, ...], tuple[Recent, ...] | None]:
            return asks, growing, store.exchange(asks), store.recent() if places else None

        self._do("exchange", run)

    def _asks(self) -> list[Ask]:
        return [*self._left, *(self._ask(uid, study) for uid, study in self._studies.items())]

    def _ask(self, uid: str, study: _Study) -> Ask:
        from viewer.session.store import Ask

        desk, opening, place = self._desk, self._opening, None
        if study.growing:
            place = place_of(uid, desk.state, desk.series, opening.path, listed=opening.listed)
        look = self._look(uid, study) if study.restored else None
        return Ask(study.base, kept_of(desk.state, uid, look), study.stamp, place)

    def _look(self, uid: str, study: _Study) -> Look | None:
        """How the study is to be found again: as it is now, once the reader has moved in it."""
        desk, shown = self._desk, self._desk.shown
        series, header = shown.series, shown.header
        if series is None or header is None or series.study_instance_uid != uid or self._opening.untouched:
            return study.base.look
        return look_of(desk.state, series.uid, header.key, self._digest())

    def _digest(self) -> str:
        """Of the model in force; "" without one."""
        desk = self._desk
        bundle = chosen_bundle(desk.state.explanation.model, desk.bundles, desk.shown.series)
        return bundle.digest if bundle is not None else ""

    @Slot()
    def _leave(self) -> None:
        """Another study is opened: what is not yet written of this one is written with the next."""
        self._left = [replace(ask, place=None) for ask in self._asks() if change_of(ask.base, ask.now)]
        self._studies, self._left_at = {}, 0.0
        self._offer(None)

    # What comes back

    def _take(self, asks: list[Ask], taken: tuple[Taken, ...], growing: bool) -> None:
        self._left = [ask for ask in self._left if all(ask is not one for one in asks)]
        came = False
        for ask, one in zip(asks, taken, strict=True):
            study = self._studies.get(ask.now.study)
            if study is None or study.base is not ask.base:
                continue  # it was left meanwhile
            first, study.growing = not study.restored, study.growing and growing
            look = one.look if first else ask.now.look
            study.base, study.stamp = replace(joined(ask.now, ask.base, one.theirs), look=look), one.stamp
            if first and look is not None:
                study.awaits = (one.left_at, look)
            came = came or first
            if one.theirs:
                self._bring(ask.base, one.theirs)
        if came:
            self._desk.learned.emit()

    def _bring(self, base: Kept, theirs: Change) -> None:
        """Change the state, and every one that Undo would bring back: this is no step of the reader's."""
        desk = self._desk
        change = bringing(base, theirs)
        desk.history.rebase(change)
        new = change(desk.state)
        there = any(mark.id == new.chosen_mark for mark in new.marks)
        with self._editing.unrecorded():
            self._opening.bring(
                marks=new.marks,
                key_images=new.key_images,
                comments=new.comments,
                chosen_mark=new.chosen_mark if there else "",
            )

    def _bring_looks(self) -> None:
        """Show the study that was left last as it was left, once its slice is there; not if the reader has
        moved meanwhile."""
        waiting = [study for study in self._studies.values() if study.awaits is not None]
        if not waiting:
            return
        desk, found = self._desk, None
        looks = [study.awaits for study in waiting if study.awaits is not None]
        for left_at, look in sorted(looks, key=lambda one: one[0], reverse=True):
            changes = look_at(look, desk.series, desk.bundles, complete=not desk.growing)
            if changes is None and self._opening.untouched:
                return
            if changes:
                found = left_at, look, changes
                break
        for study in waiting:
            study.awaits = None
        if found is not None and found[0] > self._left_at and self._opening.untouched:
            self._show(*found)

    def _show(self, left_at: float, look: Look, changes: dict[str, Any]) -> None:
        self._left_at = left_at
        with self._editing.unrecorded():
            self._opening.bring(**changes)
        if look.digest not in ("", self._digest()):
            self._desk.say(
                "The model is not the one with which this study was last read.",
                "See which one is chosen before you compare.",
                "warning",
            )

    def _begun(self, start: Start) -> None:
        desk = self._desk
        if start.problem is not None:
            self._fail(start.problem)
        else:
            desk.keep(recent=())
        desk.view.show_recent(start.recent)
        if start.unfinished is not None and not desk.series and not self._opening.scanning:
            self._offer(start.unfinished)

    def _offer(self, unfinished: Recent | None) -> None:
        if unfinished != self._unfinished:
            self._unfinished = unfinished
            self._desk.view.show_unfinished(unfinished)

    # Errands: one after the other, in the background

    def _do(self, name: str, run: Callable[[], Any]) -> None:
        def job(token: CancelToken, progress: Progress) -> Any:
            return run()

        self._errands.append(Job(name, "Saving", job))
        if not self.runner.busy:
            self._next()

    def _next(self) -> None:
        """The next errand, or what has changed meanwhile, or a rest."""
        if self._errands:
            self.runner.submit(self._errands.popleft())
        elif any(not study.restored and not study.failed for study in self._studies.values()):
            self._exchange()
        elif self._studies or self._left:
            unsaved = any(change_of(ask.base, ask.now) for ask in self._asks())
            self._timer.start(RETRY_MS if self._failing else SAVE_MS if unsaved else LOOK_MS)

    @Slot(object, object)
    def _on_finished(self, job: Job, result: Any) -> None:
        if job.key == "begin":
            self._begun(result)
        elif job.key == "forget":
            self._forgetting = False
        elif job.key == "exchange":
            asks, growing, taken, recent = result
            if self._failing and any(change_of(ask.base, ask.now) for ask in asks):
                self._failing = False
                self._desk.say("Marks, key images and comments are saved again.")
            self._take(asks, taken, growing)
            if recent is not None:
                self._desk.view.show_recent(recent)
        if self._store is not None and (said := self._store.news()):
            folder = (("Its folder", str(self._store.path.parent)),)
            self._desk.say(said, kind="warning", details=folder)
        self._next()

    @Slot(object, object)
    def _on_failed(self, job: Job, error: Exception) -> None:
        if job.key == "exchange":
            for study in self._studies.values():
                study.failed = True
        self._fail(error)
        self._desk.learned.emit()
        self._next()

    def _fail(self, error: Exception) -> None:
        """Said once, until saving works again."""
        if not self._failing:
            self._failing = True
            self._desk.say_error(error)
