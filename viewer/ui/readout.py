"""The value under the cursor and its place in the patient, in words."""

from __future__ import annotations

import math

from viewer.session.captions import modality_text
from viewer.study import Slice


def readout(shown: Slice, x: float, y: float) -> str:
    """ "41 HU   (12.0, −8.5, 30.0) mm" at slice point (x, y); "" beside the slice."""
    row, col = math.floor(y), math.floor(x)
    rows, cols = shown.values.shape[:2]
    if not (0 <= row < rows and 0 <= col < cols):
        return ""
    value = shown.values[row, col]
    if shown.is_color:
        text = "RGB {} {} {}".format(*(int(part) for part in value))
    else:
        text = modality_text(float(value), shown.header.unit, shown.values.dtype.kind in "iu", shown.suv)
    return f"{text}   {_where(shown, row, col)}"


def _where(shown: Slice, row: int, col: int) -> str:
    from viewer.dicom.geometry import to_patient

    point = to_patient(shown.header.geometry, row, col)
    if point is None:
        return f"column {col}, row {row}"
    x, y, z = point
    return f"({x:.1f}, {y:.1f}, {z:.1f}) mm".replace("-", "−")
