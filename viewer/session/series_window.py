"""One window for a series whose files carry none, whatever slice of it is shown."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from viewer.errors import GlassboxError
from viewer.imaging.window import own_windows, pooled_window
from viewer.study import Series, Slice, SliceHeader, Window

VOLUMES = frozenset({"CT", "MR", "NM", "PT"})
"""Modalities whose slices are pictures of one body with one scale. The radiographs of a series are
pictures of their own, and pooled values would leave one of them black."""

SAMPLED = 5
"""Slices whose values are pooled: the first, the last, and some evenly between."""


def samples(series: Series) -> tuple[SliceHeader, ...]:
    """The slices that the window of a series is taken from; none where no slice would be shown in it.

    It depends on the series alone, so that everybody who asks finds the same window. A slice that
    stands alone has its own percentiles, as a radiograph has, and colour has no window.
    """
    slices = series.slices
    if series.modality not in VOLUMES:
        return ()
    bare = any(not own_windows(header.windows) for header in slices if not _is_color(header))
    if len(slices) < 2 or not bare:
        return ()
    at = np.linspace(0, len(slices) - 1, min(SAMPLED, len(slices)))
    return tuple(slices[round(place)] for place in at.tolist())


def series_window(series: Series, load: Callable[[SliceHeader], Slice | None]) -> Window | None:
    """The window of a series, by decoding its `samples`; None where there is no need or no way to have one.

    Parameters
    ----------
    load : gives a decoded slice, or None for one that cannot be decoded: it is left out.
    """
    decoded = [load(header) for header in samples(series)]
    return pooled_window(slice for slice in decoded if slice is not None)


def slice_or_none(header: SliceHeader) -> Slice | None:
    """The slice, or None if it cannot be decoded."""
    from viewer.dicom.pixels import load_slice

    try:
        return load_slice(header)
    except GlassboxError:
        return None


def _is_color(header: SliceHeader) -> bool:
    return header.samples_per_pixel > 1 or header.photometric == "PALETTE COLOR"
