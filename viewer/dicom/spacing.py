"""Position, directions and calibrated spacing of a frame, from whichever attributes hold them."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset

from viewer.dicom import dataset as tags
from viewer.dicom.geometry import directions_from_letters, unit_directions
from viewer.dicom.grayscale import functional_item
from viewer.study import Geometry, Vector

_PROJECTIONS = {"CR", "DX", "MG", "IO", "PX", "RF", "XA", "RG", "DR"}
"""Modalities whose pixels lie on a detector, not in the patient: a spacing needs its source told."""
_CENTIMETRES = 3
_TISSUE = 1


def plane_geometry(dataset: Dataset, frame: int, frames: int) -> Geometry:
    """The geometry of a frame, as much of it as the file tells."""
    directions = _directions(dataset, frame)
    row, col = directions if directions is not None else (None, None)
    spacing, calibration = _spacing(dataset, frame)
    return Geometry(
        position=_position(dataset, frame, frames, directions),
        row_direction=row,
        col_direction=col,
        spacing=spacing,
        calibration=calibration,
        pixel_aspect=_aspect(dataset),
    )


def _directions(dataset: Dataset, frame: int) -> tuple[Vector, Vector] | None:
    for where in (
        functional_item(dataset, frame, "PlaneOrientationSequence"),
        dataset,
        tags.first_item(dataset, "DetectorInformationSequence"),
    ):
        cosines = tags.numbers(where, "ImageOrientationPatient") if where is not None else ()
        if len(cosines) == 6:
            return unit_directions(cosines[:3], cosines[3:])
    letters = tags.text(dataset, "PatientOrientation").split("\\")
    return directions_from_letters(letters[0], letters[1]) if len(letters) == 2 else None


def _position(
    dataset: Dataset, frame: int, frames: int, directions: tuple[Vector, Vector] | None
) -> Vector | None:
    own = functional_item(dataset, frame, "PlanePositionSequence")
    if own is not None and len(tags.numbers(own, "ImagePositionPatient")) == 3:
        x, y, z = tags.numbers(own, "ImagePositionPatient")
        return x, y, z
    detector = tags.first_item(dataset, "DetectorInformationSequence")
    position = tags.numbers(dataset, "ImagePositionPatient")
    if len(position) != 3 and detector is not None:
        position = tags.numbers(detector, "ImagePositionPatient")
    if len(position) != 3:
        return None
    x, y, z = position
    if frames == 1 or directions is None:
        return x, y, z
    x, y, z = np.array(position) + np.cross(*directions) * _frame_offset(dataset, frame, z)
    return float(x), float(y), float(z)


def _frame_offset(dataset: Dataset, frame: int, z: float) -> float:
    """Millimetres along the normal from the first frame: RT dose and nuclear medicine; 0 for a loop."""
    offsets = tags.numbers(dataset, "GridFrameOffsetVector")
    if frame < len(offsets):
        # PS3.3 C.8.8.3.2: relative to the first frame if that is 0, else patient z coordinates.
        return offsets[frame] if offsets[0] == 0 else offsets[frame] - z
    places = tags.numbers(dataset, "SliceVector")
    step = tags.number(dataset, "SpacingBetweenSlices")
    return (places[frame] - 1) * step if frame < len(places) and step is not None else 0.0


def _spacing(dataset: Dataset, frame: int) -> tuple[tuple[float, float] | None, str]:
    """Spacing between rows and between columns in mm, and where it comes from (PS3.3 10.7)."""
    measures = functional_item(dataset, frame, "PixelMeasuresSequence")
    if measures is not None:
        spacing = _pair(measures, "PixelSpacing")
        if spacing is not None:
            return spacing, "PixelSpacing"
    spacing = _pair(dataset, "PixelSpacing")
    at_detector = _pair(dataset, "ImagerPixelSpacing")
    projection = tags.text(dataset, "Modality") in _PROJECTIONS
    if spacing is not None:
        how = tags.text(dataset, "PixelSpacingCalibrationType")
        if how:
            return spacing, f"PixelSpacing ({how.lower()})"
        # Equal to the detector's, and nobody says that it was calibrated: it is the detector's.
        if not (projection and spacing == at_detector):
            return spacing, "PixelSpacing"
    if at_detector is not None:
        factor = tags.number(dataset, "EstimatedRadiographicMagnificationFactor")
        if factor is not None and factor > 0:
            divided = at_detector[0] / factor, at_detector[1] / factor
            return divided, f"ImagerPixelSpacing / magnification {factor:g}"
        return at_detector, "ImagerPixelSpacing"
    scanned = _pair(dataset, "NominalScannedPixelSpacing")
    if scanned is not None:
        return scanned, "NominalScannedPixelSpacing"
    return _ultrasound(dataset)


def _ultrasound(dataset: Dataset) -> tuple[tuple[float, float] | None, str]:
    """The spacing of the tissue regions, where they agree (PS3.3 C.8.5.5)."""
    found = set()
    for region in tags.items(dataset, "SequenceOfUltrasoundRegions"):
        if tags.integer(region, "RegionSpatialFormat") != _TISSUE:
            continue
        units = [tags.integer(region, f"PhysicalUnits{axis}Direction") for axis in "XY"]
        deltas = [tags.number(region, f"PhysicalDelta{axis}") for axis in "YX"]
        if units != [_CENTIMETRES, _CENTIMETRES] or any(not delta for delta in deltas):
            return None, ""
        found.add(tuple(round(abs(delta) * 10, 9) for delta in deltas if delta))
    if len(found) != 1:
        return None, ""
    row, col = found.pop()
    return (row, col), "ultrasound region"


def _pair(dataset: Dataset, keyword: str) -> tuple[float, float] | None:
    found = tags.numbers(dataset, keyword)
    return (found[0], found[1]) if len(found) >= 2 and min(found[:2]) > 0 else None


def _aspect(dataset: Dataset) -> float:
    """Height of a pixel divided by its width where the file tells only that (PS3.3 C.7.6.3.1.7)."""
    ratio = _pair(dataset, "PixelAspectRatio")
    return ratio[0] / ratio[1] if ratio is not None else 1.0
