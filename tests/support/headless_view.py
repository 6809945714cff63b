"""A View without a window: it remembers what it was told."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from viewer.notice import Notice
from viewer.session.kept import Recent
from viewer.session.resolved_view import ResolvedView
from viewer.study import ScanResult


class HeadlessView:
    """Everything shown so far, the newest last."""

    def __init__(self) -> None:
        self.views: list[ResolvedView] = []
        self.scans: list[tuple[ScanResult, bool]] = []
        self.thumbnails: dict[str, np.ndarray] = {}
        self.without_thumbnail: dict[str, str] = {}
        self.progress: list[tuple[str, str, int, int]] = []
        self.hidden: list[str] = []
        self.notices: list[Notice] = []
        self.models: list[tuple[list[str], str | None]] = []
        self.devices: list[str] = []
        self.recents: tuple[Recent, ...] = ()
        self.unfinished: Recent | None = None
        self.tags: list[tuple[tuple, str]] = []
        self.asked_for_study: list[str] = []

    @property
    def view(self) -> ResolvedView:
        return self.views[-1]

    @property
    def recent(self) -> tuple[str, ...]:
        """Paths of recent studies."""
        return tuple(one.path for one in self.recents)

    @property
    def scanned(self) -> ScanResult | None:
        """The result of the last scan, once it has ended."""
        return self.scans[-1][0] if self.scans and not self.scans[-1][1] else None

    @property
    def shown(self) -> list[tuple[str, int]]:
        """Keys of the slices shown, each once in a row."""
        keys = [view.slice.header.key for view in self.views if view.slice is not None]
        return [key for i, key in enumerate(keys) if i == 0 or key != keys[i - 1]]

    def said(self, *words: str) -> bool:
        """Whether a notice holds all these words."""
        return any(all(word in f"{one.text} {one.remedy}" for word in words) for one in self.notices)

    def show_view(self, view: ResolvedView, previous: ResolvedView | None) -> None:
        assert previous is (self.views[-1] if self.views else None)
        self.views.append(view)

    def show_scan(self, result: ScanResult, *, running: bool) -> None:
        self.scans.append((result, running))

    def show_thumbnail(self, series_uid: str, grey: np.ndarray) -> None:
        assert grey.dtype == np.uint8 and max(grey.shape) <= 96
        self.thumbnails[series_uid] = grey

    def show_no_thumbnail(self, series_uid: str, reason: str) -> None:
        self.without_thumbnail[series_uid] = reason

    def show_progress(self, lane: str, title: str, done: int, total: int) -> None:
        self.progress.append((lane, title, done, total))

    def hide_progress(self, lane: str) -> None:
        self.hidden.append(lane)

    def show_notice(self, notice: Notice) -> None:
        self.notices.append(notice)

    def show_models(self, cards: Sequence, chosen: str | None) -> None:
        self.models.append(([card.name for card in cards], chosen))

    def show_device(self, text: str) -> None:
        self.devices.append(text)

    def show_recent(self, recent: Sequence[Recent]) -> None:
        self.recents = tuple(recent)

    def show_unfinished(self, unfinished: Recent | None) -> None:
        self.unfinished = unfinished

    def ask_study(self, why: str) -> None:
        self.asked_for_study.append(why)

    def show_tags(self, rows: Sequence, problem: str = "") -> None:
        self.tags.append((tuple(rows), problem))
