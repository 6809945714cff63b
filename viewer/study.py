"""Patient, study, series, slice and geometry as plain values: no file handles, no pydicom."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Source:
    """Where an instance lies: a file, or a member of a ZIP archive."""

    path: Path
    member: str | None = None


@dataclass(frozen=True, slots=True)
class Geometry:
    """Where a slice lies in the patient (PS3.3 C.7.6.2), or as much as is known.

    Parameters
    ----------
    position : (x, y, z) mm, LPS; centre of the first (top left) pixel. None if unknown.
    row_direction : unit vector along a row, towards growing column index. None if unknown.
    col_direction : unit vector along a column, towards growing row index. None if unknown.
    spacing : (row spacing, column spacing) mm: distance between rows, then between columns.
        None if unknown: lengths are then in pixels.
    calibration : where `spacing` comes from: "PixelSpacing", "ImagerPixelSpacing", …; "" if unknown.
    """

    position: Vector | None = None
    row_direction: Vector | None = None
    col_direction: Vector | None = None
    spacing: tuple[float, float] | None = None
    calibration: str = ""
    pixel_aspect: float = 1.0
    """Height of a pixel divided by its width, where a file tells that but no spacing."""

    @property
    def normal(self) -> Vector | None:
        """Unit vector row × column direction, or None without orientation."""
        if self.row_direction is None or self.col_direction is None:
            return None
        x, y, z = np.cross(self.row_direction, self.col_direction)
        return float(x), float(y), float(z)

    @property
    def aspect(self) -> float:
        """Height of a pixel divided by its width; 1.0 where nothing is known of it."""
        return self.spacing[0] / self.spacing[1] if self.spacing else self.pixel_aspect


@dataclass(frozen=True, slots=True)
class Window:
    """A window as PS3.3 C.11.2 defines it; `function` is LINEAR, LINEAR_EXACT or SIGMOID."""

    center: float
    width: float
    function: str = "LINEAR"
    explanation: str = ""


@dataclass(frozen=True, eq=False, slots=True)
class VoiLut:
    """One item of a VOI LUT Sequence (PS3.3 C.11.2.1.1).

    Parameters
    ----------
    first : the first modality value mapped; lower values take the first entry.
    table : (n,) uint8 or uint16.
    bits : bits per entry: 2**bits - 1 is white.
    """

    first: int
    table: np.ndarray
    bits: int
    explanation: str = ""


@dataclass(frozen=True, eq=False, slots=True)
class SliceHeader:
    """What a scan knows of one displayable plane, without its pixels.

    `key` identifies it everywhere (cache, results, report): SOP instance and 0-based frame.
    """

    source: Source
    sop_instance_uid: str
    frame: int
    rows: int
    cols: int
    photometric: str
    samples_per_pixel: int
    instance_number: int | None
    geometry: Geometry
    unit: str
    """Unit of the modality values: "HU", "counts", … or "" if arbitrary."""
    windows: tuple[Window, ...] = ()
    transfer_syntax: str = ""

    @property
    def key(self) -> tuple[str, int]:
        return self.sop_instance_uid, self.frame


@dataclass(frozen=True, eq=False, slots=True)
class Slice:
    """One displayable plane with its pixels.

    Parameters
    ----------
    values : (rows, cols) in modality units (after modality LUT), native byte order, integer where
        that is exact, else float32; or (rows, cols, 3) uint8 RGB for colour images.
    windows, luts : the file's own VOI choices, in file order; a LUT comes before a window.
    inverted : True for MONOCHROME1 (or presentation LUT shape INVERSE): inverts last.
    padding : modality values (low, high), both inclusive, that mean "no pixel here"; None if not declared.
    """

    header: SliceHeader
    values: np.ndarray
    windows: tuple[Window, ...] = ()
    luts: tuple[VoiLut, ...] = ()
    inverted: bool = False
    padding: tuple[float, float] | None = None

    @property
    def is_color(self) -> bool:
        return self.values.ndim == 3


@dataclass(frozen=True, eq=False, slots=True)
class Patient:
    """Identity of a patient, already decoded to text. Never logged."""

    name: str = ""
    patient_id: str = ""
    birth_date: str = ""
    sex: str = ""
    age: str = ""


@dataclass(frozen=True, eq=False, slots=True)
class Series:
    """One display group: what one scrolls through, in slice order."""

    uid: str
    """Series Instance UID, with "#2", "#3", … where a series was split into several groups."""
    series_instance_uid: str
    study_instance_uid: str
    patient: Patient
    modality: str
    description: str
    series_number: int | None
    study_description: str
    study_date: str
    """As in the file: YYYYMMDD, or empty."""
    institution: str
    body_part: str
    orientation: str
    """"axial", "coronal", "sagittal", "oblique" or "" if unknown."""
    slices: tuple[SliceHeader, ...]
    notes: tuple[str, ...] = field(default=())
    """What a reader should know: "localizer", "2 duplicates left out", "gap after slice 12", …"""
    protocol: str = ""
    """Text that tells the sequence: SeriesDescription, ProtocolName, ContrastBolusAgent joined."""


@dataclass(frozen=True, eq=False, slots=True)
class Skipped:
    """A file that is not shown, and why, in words a reader understands."""

    path: str
    reason: str


@dataclass(frozen=True, eq=False, slots=True)
class ScanResult:
    """Everything found under a path: series sorted by patient, study, series number."""

    series: tuple[Series, ...] = ()
    skipped: tuple[Skipped, ...] = ()
