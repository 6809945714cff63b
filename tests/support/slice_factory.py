"""Slices and series as plain values, without DICOM files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from viewer.study import Geometry, Patient, Series, Slice, SliceHeader, Source


def make_slice(
    values: np.ndarray, *, geometry: Geometry | None = None, uid: str = "1.2.3", **fields: Any
) -> Slice:
    """A slice of `values`; `fields` go to `Slice` (inverted, padding, …)."""
    color = values.ndim == 3
    header = SliceHeader(
        source=Source(Path("slice.dcm")),
        sop_instance_uid=uid,
        frame=0,
        rows=values.shape[0],
        cols=values.shape[1],
        photometric="RGB" if color else "MONOCHROME1" if fields.get("inverted") else "MONOCHROME2",
        samples_per_pixel=3 if color else 1,
        instance_number=1,
        geometry=geometry or Geometry(spacing=(1.0, 1.0)),
        unit="HU",
    )
    return Slice(header, values, **fields)


def make_series(*slices: SliceHeader, **fields: Any) -> Series:
    """A CT series of axial slices, changed by `fields`."""
    plain: dict[str, Any] = {
        "uid": "1.2",
        "series_instance_uid": "1.2",
        "study_instance_uid": "1",
        "patient": Patient(),
        "modality": "CT",
        "description": "",
        "series_number": 1,
        "study_description": "",
        "study_date": "",
        "institution": "",
        "body_part": "",
        "orientation": "axial",
        "slices": slices,
    }
    return Series(**(plain | fields))
