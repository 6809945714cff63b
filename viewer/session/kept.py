"""What is kept of a study from one run to the next, and how the changes of two windows come together."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import TypeVar

from viewer.annotate.mark import KeyImage, Mark
from viewer.errors import GlassboxError
from viewer.results import SliceKey
from viewer.session.state import Explanation, Overlay, Presentation, ViewerState
from viewer.study import Box, Window


class StoreError(GlassboxError):
    """What the reader makes cannot be kept now."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a study was left.

    Parameters
    ----------
    series, instance : uid of the display group, and SOP Instance UID and frame of the slice on the screen.
    occluder, region : boxes on the series on the screen.
    digest : of the model in force, "" without one: another network under the same name is not the same.
    """

    series: str
    instance: SliceKey
    window: Window | None
    voi_lut: int | None
    invert: bool
    graphics: bool
    shutter: bool
    presentation: Presentation
    overlay: Overlay
    explanation: Explanation
    digest: str = ""
    occluder: Box | None = None
    region: Box | None = None
    only_key_images: bool = False


LOOKS = (
    "window",
    "voi_lut",
    "invert",
    "graphics",
    "shutter",
    "presentation",
    "overlay",
    "explanation",
    "occluder",
    "region",
    "only_key_images",
)
"""Fields that a look shares with the state."""


def look_of(state: ViewerState, series: str, instance: SliceKey, digest: str) -> Look:
    """How the state looks at a slice."""
    return Look(series, instance, digest=digest, **{name: getattr(state, name) for name in LOOKS})


@dataclass(frozen=True, slots=True)
class Kept:
    """What the reader made of one study; `look` None: nothing to say about it."""

    study: str
    marks: tuple[Mark, ...] = ()
    key_images: tuple[KeyImage, ...] = ()
    comment: str = ""
    look: Look | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What differs between two `Kept` of one study.

    `marks` and `key_images` are new or changed, the others are gone; None: as it was.
    """

    marks: tuple[Mark, ...] = ()
    gone_marks: tuple[str, ...] = ()
    key_images: tuple[KeyImage, ...] = ()
    gone_key_images: tuple[SliceKey, ...] = ()
    comment: str | None = None
    look: Look | None = None

    def __bool__(self) -> bool:
        return self != _NOTHING


_NOTHING = Change()


def change_of(base: Kept, now: Kept) -> Change:
    """What turns `base` into `now`."""
    marks, gone_marks = _differ(_by_id(base.marks), _by_id(now.marks))
    keys, gone_keys = _differ(_by_slice(base.key_images), _by_slice(now.key_images))
    return Change(
        marks,
        gone_marks,
        keys,
        gone_keys,
        now.comment if now.comment != base.comment else None,
        now.look if now.look != base.look else None,
    )


def joined(now: Kept, base: Kept, theirs: Change) -> Kept:
    """`now` with what another window changed since `base`.

    What this window has changed itself since then stays as it is here: it is written later. Of a comment
    both texts stay. The look is each window's own.
    """
    return replace(
        now,
        marks=joining_marks(base, theirs)(now.marks),
        key_images=joining_key_images(base, theirs)(now.key_images),
        comment=joined_text(now.comment, base.comment, theirs.comment),
    )


def joining_marks(base: Kept, theirs: Change) -> Callable[[tuple[Mark, ...]], tuple[Mark, ...]]:
    """Gives marks, those of other studies may be among them, with what others changed since `base`."""
    return _joining(base.marks, theirs.marks, theirs.gone_marks, attrgetter("id"))


def joining_key_images(base: Kept, theirs: Change) -> Callable[[tuple[KeyImage, ...]], tuple[KeyImage, ...]]:
    """The same of key images."""
    return _joining(base.key_images, theirs.key_images, theirs.gone_key_images, attrgetter("instance"))


def joined_text(now: str, base: str, theirs: str | None) -> str:
    """One text of two that were both written since `base`: none of the two is lost."""
    if theirs is None or theirs in now:
        return now
    if now == base or now in theirs:
        return theirs
    return f"{theirs}\n{now}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a study was opened, and what the list of recent studies may call it.

    Parameters
    ----------
    path : what was opened: a folder, a file, a DICOMDIR or a ZIP; it may hold several studies.
    listed : False for what the list of recent studies leaves out: the sample study.
    words : patient, description, date, modality; empty ones left out, none at all while identity is hidden.
    """

    path: str
    listed: bool = True
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recent:
    """A study opened lately.

    Parameters
    ----------
    opened : seconds since 1970, UTC; 0 or less: nobody knows, and less is longer ago.
    words : see `Place`.
    """

    path: str
    opened: float = 0.0
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stamp:
    """How far a window has read what others wrote.

    Parameters
    ----------
    epoch : which database: another one knows nothing of what was written to this.
    revision : the last change that was read; 0: nothing was read yet.
    """

    epoch: str = ""
    revision: int = 0


NEVER = Stamp()
"""Nothing was read yet."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What came back for one study: what others changed, and, the first time, how it was left and when."""

    theirs: Change
    stamp: Stamp
    look: Look | None = None
    left_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Start:
    """What is found at the start.

    Parameters
    ----------
    unfinished : what was open when Glassbox was killed; None if it ended as it should.
    problem : why nothing can be kept now; None as a rule.
    """

    recent: tuple[Recent, ...] = ()
    unfinished: Recent | None = None
    problem: StoreError | None = None


K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


def _by_id(marks: Iterable[Mark]) -> dict[str, Mark]:
    return {mark.id: mark for mark in marks}


def _by_slice(key_images: Iterable[KeyImage]) -> dict[SliceKey, KeyImage]:
    return {one.instance: one for one in key_images}


def _differ(base: Mapping[K, V], now: Mapping[K, V]) -> tuple[tuple[V, ...], tuple[K, ...]]:
    """What is new or changed, and the keys of what is gone."""
    changed = tuple(one for key, one in now.items() if base.get(key) != one)
    return changed, tuple(key for key in base if key not in now)


def _joining(
    base: Sequence[V], theirs: Sequence[V], gone: Sequence[K], key: Callable[[V], K]
) -> Callable[[tuple[V, ...]], tuple[V, ...]]:
    """Only what others touched is looked at one by one: Undo may keep hundreds of tuples of hundreds."""
    news = {key(one): one for one in theirs}
    touched = {*news, *gone}
    before = {key(one): one for one in base if key(one) in touched}

    def join(now: tuple[V, ...]) -> tuple[V, ...]:
        hits = touched.intersection(map(key, now))
        here = {name: one for one in now if (name := key(one)) in hits} if hits else {}
        mine = {name for name in touched if here.get(name) != before.get(name)}
        left = now
        if not hits <= mine:
            out = hits - mine
            left = tuple(
                news.get(name, one) if (name := key(one)) in out else one
                for one in now
                if key(one) not in out or key(one) in news
            )
        return (*left, *(one for name, one in news.items() if name not in hits and name not in mine))

    return join if touched else lambda now: now
