"""Patient, study, series, slice and geometry as plain values: no file handles, no pydicom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import ceil
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
        (a, b, c), (d, e, f) = self.row_direction, self.col_direction
        return b * f - c * e, c * d - a * f, a * e - b * d  # np.cross takes 25 times as long

    @property
    def aspect(self) -> float:
        """Height of a pixel divided by its width; 1.0 where nothing is known of it."""
        return self.spacing[0] / self.spacing[1] if self.spacing else self.pixel_aspect


@dataclass(frozen=True, slots=True)
class UltrasoundRegion:
    """A part of an ultrasound image with a scale of its own (PS3.3 C.8.5.5).

    Parameters
    ----------
    row0, col0, row1, col1 : the first and the last row and column, both inside.
    kind : "tissue" (2D), "m-mode", "spectral", "waveform", "graph", or "" if the file does not tell.
    spacing : (row spacing, column spacing) mm; None where an axis is no length (time, velocity).
    low_priority : where regions overlap, another one covers it.
    """

    row0: int
    col0: int
    row1: int
    col1: int
    kind: str = ""
    spacing: tuple[float, float] | None = None
    low_priority: bool = False

    def holds(self, row: float, col: float) -> bool:
        """Whether a point lies in it; pixels reach half a pixel around their centres."""
        return self.row0 - 0.5 <= row <= self.row1 + 0.5 and self.col0 - 0.5 <= col <= self.col1 + 0.5


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle that the reader drew, in slice pixels: pixel i covers [i, i + 1). Top is above bottom."""

    top: float
    left: float
    bottom: float
    right: float

    def pixels(self, rows: int, cols: int) -> tuple[slice, slice]:
        """The rows and the columns whose centres lie in it, of a slice of rows x cols; may be empty."""
        return _centres(self.top, self.bottom, rows), _centres(self.left, self.right, cols)

    def covers(self, rows: int, cols: int) -> bool:
        """Whether a pixel of the slice lies in it."""
        down, across = self.pixels(rows, cols)
        return down.start < down.stop and across.start < across.stop


def _centres(start: float, stop: float, size: int) -> slice:
    first, last = (min(max(ceil(edge - 0.5), 0), size) for edge in (start, stop))
    return slice(first, last)


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


@dataclass(frozen=True, slots=True)
class StoredPixels:
    """Where a grey frame lies in a file, and what its samples mean.

    Parameters
    ----------
    offset : byte of the file at which the frame starts; of a compressed one, its pixel data (PS3.5 A.4).
    dtype : of a sample as it lies there: "u1", "<u2" or ">u2".
    codec : transfer syntax of a compressed frame, the only one of its file; "" of an uncompressed one.
    bits_stored, high_bit, signed : which bits of it hold the value (PS3.5 8.1.1).
    slope, intercept : modality value = slope * stored + intercept.
    file_size, file_mtime_ns : of the file when it was scanned: another file has its pixels elsewhere.
    """

    offset: int
    dtype: str
    bits_stored: int
    high_bit: int
    signed: bool
    slope: float
    intercept: float
    file_size: int
    file_mtime_ns: int
    codec: str = ""


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
    stored: StoredPixels | None = None
    """Set where the frame can be read from its file without another look at the header."""
    regions: tuple[UltrasoundRegion, ...] = ()
    """The parts of an ultrasound image that have a scale of their own."""
    burned_in: bool = False
    """Whether text about the patient may be part of the pixels (see `dicom.identity`)."""

    @property
    def key(self) -> tuple[str, int]:
        return self.sop_instance_uid, self.frame


@dataclass(frozen=True, eq=False, slots=True)
class Graphic:
    """One overlay plane of the file (PS3.3 C.9.2): lines, text or regions drawn by a scanner or a reader.

    Parameters
    ----------
    mask : (rows, cols) bool, the slice's own grid: True where something is drawn.
    label : its label, description and type, "" if the file gives none. May hold identity.
    kind : "graphics" for lines and text, "region" for a region of interest.
    """

    mask: np.ndarray
    label: str = ""
    kind: str = "graphics"


@dataclass(frozen=True, eq=False, slots=True)
class Shutter:
    """What the file asks not to be shown (PS3.3 C.7.6.11): outside the collimators, most often.

    Parameters
    ----------
    hidden : (rows, cols) bool, the slice's own grid: True where the picture is covered.
    grey : 0 (black) … 255 (white), the cover's display value; nothing inverts or windows it.
    """

    hidden: np.ndarray
    grey: int = 0


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
    graphics : overlay planes of the file; drawn by `imaging.compose`, never part of `values`.
    shutter : what the file asks to be covered; the values under it stay readable, and a network sees them.
    suv : modality value × suv = standardised uptake value by body weight (g/ml); None if it is not known.
    no_suv : of a PET slice without `suv`, why, in a few words: "no patient weight".
    """

    header: SliceHeader
    values: np.ndarray
    windows: tuple[Window, ...] = ()
    luts: tuple[VoiLut, ...] = ()
    inverted: bool = False
    padding: tuple[float, float] | None = None
    graphics: tuple[Graphic, ...] = ()
    shutter: Shutter | None = None
    suv: float | None = None
    no_suv: str = ""

    @property
    def is_color(self) -> bool:
        return self.values.ndim == 3

    @property
    def nbytes(self) -> int:
        """Bytes of its pixels and masks."""
        covered = self.shutter.hidden.nbytes if self.shutter is not None else 0
        return self.values.nbytes + covered + sum(graphic.mask.nbytes for graphic in self.graphics)


@dataclass(frozen=True, eq=False, slots=True)
class PackedSlice:
    """A slice whose modality values would take more memory than the stored ones (PET, MR of Philips).

    Parameters
    ----------
    stored : the slice, with stored values in the place of modality values.
    unpack : makes modality values of stored ones.
    """

    stored: Slice
    unpack: Callable[[np.ndarray], np.ndarray]

    @property
    def nbytes(self) -> int:
        """Bytes of its pixels and masks."""
        return self.stored.nbytes

    def expand(self) -> Slice:
        """The slice with its modality values, read-only."""
        values = np.ascontiguousarray(self.unpack(self.stored.values))
        values.setflags(write=False)
        return replace(self.stored, values=values)


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
    """What a reader should know: "localizer", "echo time 80", "2 copies left out", …"""
    protocol: str = ""
    """Text that tells the sequence: SeriesDescription, ProtocolName, ContrastBolusAgent joined."""
    warnings: tuple[str, ...] = ()
    """What makes it no plain volume: "Gap after slice 12: 1 slice missing", a tilted gantry, …"""
    frame_of_reference: str = ""
    """Frame of Reference UID (PS3.3 C.7.4.1): series that share one share their patient coordinates. "" if
    unknown."""


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
