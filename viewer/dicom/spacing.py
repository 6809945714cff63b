"""Position, directions and calibrated spacing of a frame, from whichever attributes hold them."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset

from viewer.dicom import dataset as tags
from viewer.dicom.geometry import directions_from_letters, unit_directions
from viewer.dicom.grayscale import functional_item
from viewer.study import Geometry, UltrasoundRegion, Vector

KEYWORDS = (  # noqa: SIM905 - one name a line would fill a screen
    "ImagerPixelSpacing NominalScannedPixelSpacing EstimatedRadiographicMagnificationFactor "
    "SequenceOfUltrasoundRegions PatientOrientation ImagePositionPatient ImageOrientationPatient "
    "SpacingBetweenSlices PixelSpacing PixelAspectRatio PixelSpacingCalibrationType SliceVector "
    "DetectorVector DetectorInformationSequence GridFrameOffsetVector "
    "ProjectionPixelCalibrationSequence"
).split()
"""What these functions read outside functional groups, besides Modality."""

_PROJECTIONS = {"CR", "DX", "MG", "IO", "PX", "RF", "XA", "RG", "DR"}
"""Modalities whose pixels lie on a detector, not in the patient: a spacing needs its source told."""
_CENTIMETRES = 3
_SAME = 1e-3
"""Share by which two spacings may differ and be the same: values are rounded when they are written."""
_REGION_KINDS = {1: "tissue", 2: "m-mode", 3: "spectral", 4: "waveform", 5: "graph"}
"""Region Spatial Format (PS3.3 C.8.5.5.1.1)."""
_LOW_PRIORITY = 1
"""Bit 0 of Region Flags (PS3.3 C.8.5.5.1.3)."""


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
        _detector(dataset, frame),
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
    detector = _detector(dataset, frame)
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


def _detector(dataset: Dataset, frame: int) -> Dataset | None:
    """The detector head of nuclear medicine that took a frame: they look from different sides."""
    heads = tags.items(dataset, "DetectorInformationSequence")
    numbers = tags.numbers(dataset, "DetectorVector")
    number = int(numbers[frame]) if frame < len(numbers) else 1
    return heads[number - 1] if 0 < number <= len(heads) else None


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
    at_detector = _at_detector(dataset, frame)
    projection = tags.text(dataset, "Modality") in _PROJECTIONS
    if spacing is not None:
        how = tags.text(dataset, "PixelSpacingCalibrationType")
        if how:
            return spacing, f"PixelSpacing ({how.lower()})"
        if not projection:
            return spacing, "PixelSpacing"
        if at_detector is None:
            # Older radiographs: calibrated or as on the detector, and nothing tells which.
            return spacing, "PixelSpacing (plane not stated)"
        # Equal to the detector's, and nobody says that it was calibrated: it is the detector's.
        if not np.allclose(spacing, at_detector, rtol=_SAME, atol=0):
            return spacing, "PixelSpacing"
    calibrated = tags.first_item(dataset, "ProjectionPixelCalibrationSequence")
    if calibrated is not None:
        centre = _pair(calibrated, "ObjectPixelSpacingInCenterOfBeam")
        if centre is not None:
            return centre, "ObjectPixelSpacingInCenterOfBeam"
    if at_detector is not None:
        factor = tags.number(dataset, "EstimatedRadiographicMagnificationFactor")
        if factor is not None and factor > 0:
            divided = at_detector[0] / factor, at_detector[1] / factor
            return divided, f"ImagerPixelSpacing / magnification {factor:g}"
        return at_detector, "ImagerPixelSpacing"
    scanned = _pair(dataset, "NominalScannedPixelSpacing")
    if scanned is not None:
        return scanned, "NominalScannedPixelSpacing"
    return _of_tissue(ultrasound_regions(dataset))


def _at_detector(dataset: Dataset, frame: int) -> tuple[float, float] | None:
    own = functional_item(dataset, frame, "FramePixelDataPropertiesSequence")
    return (_pair(own, "ImagerPixelSpacing") if own is not None else None) or _pair(
        dataset, "ImagerPixelSpacing"
    )


def ultrasound_regions(dataset: Dataset) -> tuple[UltrasoundRegion, ...]:
    """The calibrated parts of an ultrasound image, in file order (PS3.3 C.8.5.5)."""
    found = []
    for region in tags.items(dataset, "SequenceOfUltrasoundRegions"):
        edges = [tags.integer(region, f"RegionLocation{end}") for end in ("MinY0", "MinX0", "MaxY1", "MaxX1")]
        row0, col0, row1, col1 = (edge if edge is not None else -1 for edge in edges)
        units = [tags.integer(region, f"PhysicalUnits{axis}Direction") for axis in "XY"]
        down, across = (abs(tags.number(region, f"PhysicalDelta{axis}") or 0.0) * 10 for axis in "YX")
        known = units == [_CENTIMETRES, _CENTIMETRES] and _is_sane(down, across)
        found.append(
            UltrasoundRegion(
                row0,
                col0,
                row1,
                col1,
                kind=_REGION_KINDS.get(tags.integer(region, "RegionSpatialFormat") or 0, ""),
                spacing=(round(down, 9), round(across, 9)) if known else None,
                low_priority=bool((tags.integer(region, "RegionFlags") or 0) & _LOW_PRIORITY),
            )
        )
    return tuple(found)


def _of_tissue(regions: tuple[UltrasoundRegion, ...]) -> tuple[tuple[float, float] | None, str]:
    """The spacing of the tissue regions, where they agree: only then it holds for the whole picture."""
    found = {region.spacing for region in regions if region.kind == "tissue"}
    spacing = found.pop() if len(found) == 1 else None
    return (spacing, "ultrasound region") if spacing is not None else (None, "")


def _pair(dataset: Dataset, keyword: str) -> tuple[float, float] | None:
    found = tags.numbers(dataset, keyword)
    return (found[0], found[1]) if len(found) >= 2 and _is_sane(found[0], found[1]) else None


def _is_sane(one: float, other: float) -> bool:
    """Whether two spacings can be meant: no pixel is smaller than a nanometre, as large as a kilometre, or
    a thousand times as high as wide."""
    low, high = min(one, other), max(one, other)
    return low >= 1e-6 and high < 1e6 and high <= 1000 * low


def _aspect(dataset: Dataset) -> float:
    """Height of a pixel divided by its width where the file tells only that (PS3.3 C.7.6.3.1.7)."""
    ratio = _pair(dataset, "PixelAspectRatio")
    return ratio[0] / ratio[1] if ratio is not None else 1.0
