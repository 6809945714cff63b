"""What the lists of recent studies say, and what a search in them finds. Pure."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from viewer.session.kept import Recent

HIDDEN = "Study"
"""What a study is called while identity is hidden, where the name of its folder may tell too much."""


@dataclass(frozen=True, slots=True)
class Called:
    """How a study stands in a list: `title`, `detail` beside it, `tip` where there is room for all of it."""

    title: str
    detail: str
    tip: str


def called(recent: Recent, *, hidden: bool = False) -> Called:
    """By its folder, and what is known of it; while identity is `hidden`, by neither name nor path."""
    path = Path(recent.path)
    name = path.name or recent.path
    if hidden:
        from viewer.dicom.identity import safe_text

        return Called(safe_text(name) or HIDDEN, opened_text(recent), "")
    words = " · ".join(recent.words)
    lines = (recent.path, words, opened_text(recent))
    return Called(name, words or str(path.parent), "\n".join(line for line in lines if line))


def opened_text(recent: Recent) -> str:
    """ "opened 2026-11-21 14:05", in the reader's own time; "" where nobody knows."""
    if recent.opened <= 0:
        return ""
    return time.strftime("opened %Y-%m-%d %H:%M", time.localtime(recent.opened))


def found(recent: Iterable[Recent], text: str, *, hidden: bool = False) -> tuple[Recent, ...]:
    """Those that hold every word of `text`, in what the list may say of them."""
    wanted = text.casefold().split()

    def holds(one: Recent) -> bool:
        what = called(one, hidden=hidden)
        said = f"{what.title} {what.detail} {what.tip}".casefold()
        return all(word in said for word in wanted)

    return tuple(one for one in recent if holds(one))
