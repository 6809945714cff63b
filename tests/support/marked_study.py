"""A study of two series with marks on its slices, as the window is shown it; without files and controller."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tests.support.slice_factory import make_series, make_slice
from viewer.annotate.mark import Mark, ShownMark
from viewer.session.marks import shown_mark
from viewer.session.resolved_view import ResolvedView
from viewer.study import Geometry, ScanResult, Series, Slice, Window

AXIAL = Geometry((-20.0, -30.0, 5.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (2.0, 1.0), "PixelSpacing")


def stack(count: int, **fields: Any) -> tuple[list[Slice], Series]:
    """Slices of 40 rows of 2 mm × 60 columns of 1 mm, 5 mm apart."""
    slices = []
    for number in range(count):
        geometry = replace(AXIAL, position=(-20.0, -30.0, 5.0 * number))
        values = np.full((40, 60), number, np.int16)
        slices.append(make_slice(values, geometry=geometry, uid=f"{fields.get('uid', '1.2')}.{number}"))
    return slices, make_series(*(one.header for one in slices), **fields)


SLICES, SERIES = stack(6, uid="1.9")
OTHER = stack(3, uid="1.5", series_number=2)[1]
FOUND = ScanResult((SERIES, OTHER))


def mark_on(index: int, kind: str = "length", series: Series = SERIES, **fields: Any) -> Mark:
    """A mark from (10, 10) to (40, 10) mm in the plane of a slice: 30 mm, or a region of 30 × 10 mm."""
    z = 5.0 * index
    ends = {
        "length": [(10, 10), (40, 10)],
        "rectangle": [(10, 10), (40, 10), (40, 20), (10, 20)],
        "probe": [(10, 10)],
    }[kind]
    points = tuple((float(x), float(y), z) for x, y in ends)
    plain = {"id": f"{kind}{series.uid}{index}", "study": "1", "series": series.uid}
    return Mark(**(plain | {"kind": kind, "instance": series.slices[index].key, "points": points} | fields))


def view_of(
    *marks: Mark, index: int = 2, shown: Sequence[ShownMark] | None = None, **fields: Any
) -> ResolvedView:
    """Slice `index` with the marks of the study, without statistics unless `shown` gives them."""
    here = [one for one in marks if one.instance == SERIES.slices[index].key]
    placed = tuple(shown_mark(one, SERIES, SERIES.slices[index], SLICES[index]) for one in here)
    return ResolvedView(
        series=SERIES,
        index=index,
        slice=SLICES[index],
        window=Window(0, 10),
        window_choices=(Window(0, 10),),
        all_marks=tuple(marks),
        marks=placed if shown is None else tuple(shown),
        **fields,
    )
