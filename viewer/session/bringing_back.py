"""How what is kept of a study comes back into the state, and what recent studies are called. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from viewer.annotate.mark import Mark
from viewer.session.captions import date, patient_name
from viewer.session.kept import (
    LOOKS,
    Change,
    Kept,
    Look,
    Place,
    joined_text,
    joining_key_images,
    joining_marks,
)
from viewer.session.slice_places import indices_in
from viewer.session.state import ViewerState
from viewer.study import Series

if TYPE_CHECKING:
    from viewer.inference.bundle import ModelBundle


def kept_of(state: ViewerState, study: str, look: Look | None = None) -> Kept:
    """What the state holds of one study."""
    return Kept(
        study,
        tuple(mark for mark in state.marks if mark.study == study),
        tuple(one for one in state.key_images if one.study == study),
        state.comment_on(study),
        look,
    )


def bringing(base: Kept, theirs: Change) -> Callable[[ViewerState], ViewerState]:
    """Gives a state with what another window changed of one study since `base`, see `kept.joined`.

    States that share their marks, as those that Undo keeps do, share them afterwards.
    """
    known: dict[int, tuple[tuple[Mark, ...], tuple[Mark, ...]]] = {}
    join_marks, join_keys = joining_marks(base, theirs), joining_key_images(base, theirs)

    def brought(state: ViewerState) -> ViewerState:
        before = state.marks
        if id(before) not in known:
            known[id(before)] = (before, join_marks(before))
        text = joined_text(state.comment_on(base.study), base.comment, theirs.comment)
        others = tuple(one for one in state.comments if one[0] != base.study)
        return replace(
            state,
            marks=known[id(before)][1],
            key_images=join_keys(state.key_images),
            comments=(*others, (base.study, text)) if text.strip() else others,
        )

    return brought


def look_at(
    look: Look, series: Mapping[str, Series], bundles: Sequence[ModelBundle], *, complete: bool
) -> dict[str, Any] | None:
    """The changes of state that show a study as it was left.

    Parameters
    ----------
    complete : whether all files were read.

    Returns
    -------
    dict or None
        None: the slice may still come. Empty: it is not among the files any more.
    """
    found = _slice_of(look, series)
    if found is None:
        return {} if complete else None
    shown, index = found
    explanation = look.explanation
    if all(bundle.card.name != explanation.model for bundle in bundles):
        explanation = replace(explanation, model=None)
    changes = {name: getattr(look, name) for name in LOOKS}
    return {**changes, "series": shown, "slice": index, "explanation": explanation}


def place_of(
    study: str, state: ViewerState, series: Mapping[str, Series], path: Path, *, listed: bool
) -> Place:
    """Where a study was opened; while identity is hidden, without a word about it."""
    of_study = [one for one in series.values() if one.study_instance_uid == study]
    if state.deidentified or not of_study:
        return Place(str(path), listed)
    first = of_study[0]
    modalities = ", ".join(dict.fromkeys(one.modality for one in of_study))
    words = (patient_name(first.patient), first.study_description, date(first.study_date), modalities)
    return Place(str(path), listed, tuple(word for word in words if word))


def _slice_of(look: Look, series: Mapping[str, Series]) -> tuple[str, int] | None:
    """Where the slice stands now: a series may be parted into other groups than it was."""
    wanted = series.get(look.series)
    for one in (wanted, *series.values()):
        index = next(iter(indices_in(one, (look.instance,))), None) if one is not None else None
        if one is not None and index is not None:
            return one.uid, index
    return None
