"""The reader's marks on a page: complete, and without original UIDs where they must not leave the program."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from viewer.annotate.mark import ShownMark
from viewer.annotate.statistics import region_statistics
from viewer.dicom import identity
from viewer.session.marks import heat_in_sight
from viewer.session.resolved_view import ResolvedView
from viewer.study import Slice


def marks_on(view: ResolvedView, slice: Slice, *, deidentify: bool) -> tuple[ShownMark, ...]:
    """As they stand on the slice, with the statistics of its own regions and of the map on the page, whether
    or not the screen has them."""
    heat = heat_in_sight(view.heatmap, replace(view.overlay, visible=True))
    return tuple(
        _pseudonymous(one) if deidentify else one
        for one in (_measured(shown, slice, heat) for shown in view.marks)
    )


def _measured(shown: ShownMark, slice: Slice, heat: np.ndarray | None) -> ShownMark:
    if shown.faint or not shown.mark.is_region:
        return shown
    found = region_statistics(shown.mark.kind, shown.points, slice, heat)
    return replace(shown, statistics=found)


def _pseudonymous(shown: ShownMark) -> ShownMark:
    """The mark without original UIDs; what the reader wrote stays as it is written."""
    mark = shown.mark
    study, series = (identity.pseudonymous_uid(uid) for uid in (mark.study, mark.series))
    instance = identity.pseudonymous_uid(mark.instance[0]), mark.instance[1]
    return replace(shown, mark=replace(mark, study=study, series=series, instance=instance))
