"""From stored values to modality values, and the file's VOI choices (PS3.3 C.11.1, C.11.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from pydicom.dataset import Dataset

from viewer.dicom import dataset as tags
from viewer.study import VoiLut, Window

_FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")
_UNITS = {
    "BQML": "Bq/ml",
    "CNTS": "counts",
    "PROPCNTS": "counts",
    "CPS": "counts/s",
    "PROPCPS": "counts/s",
    "MGMINML": "mg/min/ml",
    "UMOLMINML": "µmol/min/ml",
    "MLMING": "ml/min/g",
    "MLG": "ml/g",
    "1CM": "1/cm",
    "UMOLML": "µmol/ml",
    "PCNT": "%",
}
"""PS3.3 C.8.9.1.1.3."""
_RESCALE_TYPES = {"OD": "mOD", "MGML": "mg/ml", "PCT": "%"}
"""PS3.3 C.11.1.1.2; OD means thousandths: 2140 is an optical density of 2.140."""
_INT32 = np.iinfo(np.int32)


@dataclass(frozen=True, eq=False, slots=True)
class ModalityTransform:
    """The modality LUT of one frame: ``slope * stored + intercept``, or a table (PS3.3 C.11.1)."""

    slope: float = 1.0
    intercept: float = 0.0
    table: np.ndarray | None = None
    first: int = 0

    def apply(self, stored: np.ndarray) -> np.ndarray:
        """Modality values of any stored values.

        Returns
        -------
        same shape
            The smallest of the stored dtype, int16 and int32 that holds the values exactly, where
            slope and intercept are whole; float32 otherwise.
        """
        if self.table is not None:
            return self.table[np.clip(stored.astype(np.int64) - self.first, 0, len(self.table) - 1)]
        if self.slope == 1 and self.intercept == 0:
            return stored.astype(np.float32) if stored.dtype.kind == "f" else stored
        whole = self.slope % 1 == 0 and self.intercept % 1 == 0
        whole = whole and max(abs(self.slope), abs(self.intercept)) <= _INT32.max
        if stored.dtype.kind in "iu" and whole and stored.size:
            slope, intercept = int(self.slope), int(self.intercept)
            ends = [int(stored.min()) * slope + intercept, int(stored.max()) * slope + intercept]
            wide = np.iinfo(np.int16), _INT32
            for limits in wide:
                if limits.min <= min(ends) and max(ends) <= limits.max:
                    return (stored.astype(np.int64) * slope + intercept).astype(limits.dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            return (stored.astype(np.float64) * self.slope + self.intercept).astype(np.float32)


def modality_transform(dataset: Dataset, frame: int) -> ModalityTransform:
    """The modality LUT of a frame: its own, the shared one, the instance's, or identity."""
    sequence = tags.first_item(dataset, "ModalityLUTSequence")
    if sequence is not None:
        read = lookup_table(sequence, span=stored_span(dataset))
        if read is not None:
            first, table, _ = read
            return ModalityTransform(table=table, first=first)
    where = functional_item(dataset, frame, "PixelValueTransformationSequence") or dataset
    slope = tags.number(where, "RescaleSlope")
    intercept = tags.number(where, "RescaleIntercept")
    if slope is None and intercept is None:
        slope = tags.number(dataset, "DoseGridScaling")
    # A slope of 0 would wipe the image out: scanners that write it mean "none".
    return ModalityTransform(slope or 1.0, intercept or 0.0)


def unit(dataset: Dataset, frame: int) -> str:
    """The unit of the modality values: "HU", "Bq/ml", "Gy", …; "" if they are arbitrary."""
    where = functional_item(dataset, frame, "PixelValueTransformationSequence") or dataset
    modality = tags.text(dataset, "Modality")
    declared = tags.text(where, "RescaleType")
    lut = tags.first_item(dataset, "ModalityLUTSequence")
    if lut is not None:
        declared = tags.text(lut, "ModalityLUTType")
    if declared.upper() in ("US", "UNSPECIFIED", "NORMALIZED"):
        return ""
    if declared:
        return _RESCALE_TYPES.get(declared.upper(), declared)
    if modality == "PT":
        units, kind = tags.text(dataset, "Units").upper(), tags.text(dataset, "SUVType").upper()
        if units in ("GML", "CM2ML"):  # SUV by body weight, or by what SUV Type says
            return "SUV" if units == "GML" and kind in ("", "BW") else f"SUV {kind or 'BSA'}"
        return _UNITS.get(units, units.lower())
    if modality == "RTDOSE":
        return {"GY": "Gy", "RELATIVE": ""}.get(tags.text(dataset, "DoseUnits"), "")
    rescaled = tags.number(where, "RescaleSlope") is not None
    return "HU" if modality == "CT" and rescaled else ""


def windows(dataset: Dataset, frame: int) -> tuple[Window, ...]:
    """The windows of a frame in file order, without those that no function allows."""
    where = functional_item(dataset, frame, "FrameVOILUTSequence") or dataset
    centers = tags.numbers(where, "WindowCenter")
    widths = tags.numbers(where, "WindowWidth")
    names = tags.text(where, "WindowCenterWidthExplanation").split("\\")
    function = tags.text(where, "VOILUTFunction").upper()
    function = function if function in _FUNCTIONS else "LINEAR"
    found = []
    for i, (center, width) in enumerate(zip(centers, widths, strict=False)):
        if width <= 0:
            continue
        # LINEAR needs a width of 1; narrower ones come with parametric maps, where EXACT is meant.
        used = "LINEAR_EXACT" if function == "LINEAR" and width < 1 else function
        found.append(Window(center, width, used, names[i].strip() if i < len(names) else ""))
    return tuple(found)


def voi_luts(dataset: Dataset, frame: int) -> tuple[VoiLut, ...]:
    """The items of the VOI LUT Sequence in file order, without malformed ones."""
    span = _modality_span(dataset, modality_transform(dataset, frame))
    found = []
    for item in tags.items(dataset, "VOILUTSequence"):
        read = lookup_table(item, span=span)
        if read is not None:
            first, table, bits = read
            found.append(VoiLut(first, table, bits, tags.text(item, "LUTExplanation")))
    return tuple(found)


def padding(dataset: Dataset, frame: int) -> tuple[float, float] | None:
    """Modality values, both inclusive, that mean "no pixel here" (PS3.3 C.7.5.1.1.2); None if undeclared.

    Not with a modality LUT: it may give padding and tissue the same value.
    """
    for keyword in ("FloatPixelPadding", "DoubleFloatPixelPadding"):
        value = tags.number(dataset, f"{keyword}Value")
        if value is not None:
            limit = tags.number(dataset, f"{keyword}RangeLimit")
            floats = np.array([value, value if limit is None else limit], np.float32)
            return float(floats.min()), float(floats.max())
    stored = _stored_integer(dataset, "PixelPaddingValue")
    if stored is None:
        return None
    limit = _stored_integer(dataset, "PixelPaddingRangeLimit")
    transform = modality_transform(dataset, frame)
    if transform.table is not None:
        return None
    ends = transform.apply(np.array([stored, stored if limit is None else limit]))
    return float(ends.min()), float(ends.max())


def is_inverted(dataset: Dataset) -> bool:
    """Whether low values are bright: MONOCHROME1, or Presentation LUT Shape INVERSE.

    Where the two contradict each other, which PS3.3 C.8.11.3 forbids, the shape speaks, as in DCMTK.
    """
    shape = tags.text(dataset, "PresentationLUTShape").upper()
    if shape in ("IDENTITY", "INVERSE"):
        return shape == "INVERSE"
    return tags.text(dataset, "PhotometricInterpretation").upper() == "MONOCHROME1"


def functional_item(dataset: Dataset, frame: int, macro: str) -> Dataset | None:
    """A functional group macro's item: the frame's own, else the one all share (PS3.3 C.7.6.16)."""
    groups = tags.value(dataset, "PerFrameFunctionalGroupsSequence")
    if groups is not None and frame < len(groups):
        own = tags.first_item(groups[frame], macro)
        if own is not None:
            return own
    return tags.first_item(tags.first_item(dataset, "SharedFunctionalGroupsSequence"), macro)


def stored_span(dataset: Dataset) -> tuple[int, int]:
    """The least and the greatest value that the stored bits can hold."""
    bits = min(tags.integer(dataset, "BitsStored") or tags.integer(dataset, "BitsAllocated") or 16, 32)
    return (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if _signed(dataset) else (0, 2**bits - 1)


def _modality_span(dataset: Dataset, transform: ModalityTransform) -> tuple[int, int]:
    """The least and the greatest modality value that a frame can have, as far as 32 bits go."""
    if transform.table is not None:
        return int(transform.table.min()), int(transform.table.max())
    ends = [transform.slope * stored + transform.intercept for stored in stored_span(dataset)]
    low, high = (int(min(max(end, _INT32.min), _INT32.max)) for end in (min(ends), max(ends)))
    return low, high


def lookup_table(
    item: Dataset, *, span: tuple[int, int], prefix: str = "LUT"
) -> tuple[int, np.ndarray, int] | None:
    """(first value mapped, (n,) uint16 entries, bits per entry) of a LUT, or None if it is malformed.

    At most 65,536 entries, and no more than there are data for, whatever the descriptor says.

    Parameters
    ----------
    span : least and greatest value that can go in: tells what a first value past 32767 means, which
        the file does not (implicit VR reads it by the sign of the pixels, and much is written as US).
    prefix : of the attributes: "LUT" for LUTDescriptor and LUTData, "RedPaletteColorLookupTable", …
    """
    read = descriptor(item, prefix)
    if read is None:
        return None
    count, first, bits = read
    packed = _entries(tags.value(item, f"{prefix}Data"), count, bits, _is_little(item))
    if packed is None or not packed.size:
        return None
    if not 1 <= bits <= 16 or packed.max() >= 2**bits:
        bits = 8 if packed.max() < 256 and bits <= 8 else 16
    return first_mapped(first, len(packed), span), packed, bits


def descriptor(item: Dataset, prefix: str) -> tuple[int, int, int] | None:
    """(entries, first value mapped as 16 unsigned bits, bits per entry) of a LUT; None if malformed."""
    found = tags.value(item, f"{prefix}Descriptor")
    if isinstance(found, bytes) and len(found) >= 6:  # VR "US or SS" left open
        found = np.frombuffer(found[:6], "<u2" if _is_little(item) else ">u2")
    try:
        count, first, bits = (int(entry) for entry in found)
    except (TypeError, ValueError):
        return None
    return count % 65536 or 65536, first % 65536, bits


def first_mapped(first: int, count: int, span: tuple[int, int]) -> int:
    """16 bits read as signed or unsigned: whichever maps more of the values that can go in."""

    def shared(start: int) -> int:
        return min(start + count - 1, span[1]) - max(start, span[0])

    return first - 65536 if first >= 32768 and shared(first - 65536) > shared(first) else first


def _is_little(item: Dataset) -> bool:
    return item.original_encoding[1] is not False


def _entries(data: Any, count: int, bits: int, little: bool) -> np.ndarray | None:
    """(n,) uint16, n at most `count`.

    Entries of 8 bits come packed two to a word, or one to a word: the length tells, whatever the
    descriptor says of the bits.
    """
    if data is None:
        return None
    if not isinstance(data, bytes):
        try:
            numbers = np.atleast_1d(np.asarray(data)).astype(np.int64).astype(np.uint16)
        except (TypeError, ValueError):
            return None
        if bits > 8 or len(numbers) != -(-count // 2) or count == 1:
            return numbers[:count]
        data, little = numbers.astype("<u2").tobytes(), True
    packed = len(data) in (count, count + 1) or (bits <= 8 and len(data) < 2 * count)
    if not packed:
        whole = min(len(data) // 2, count)
        return np.frombuffer(data[: 2 * whole], "<u2" if little else ">u2").astype(np.uint16)
    if not little:
        data = np.frombuffer(data[: len(data) // 2 * 2], ">u2").astype("<u2").tobytes()
    return np.frombuffer(data[:count], np.uint8).astype(np.uint16)


def _signed(dataset: Dataset) -> bool:
    return tags.integer(dataset, "PixelRepresentation") == 1


def _stored_integer(dataset: Dataset, keyword: str) -> int | None:
    """A stored value in an attribute of VR "US or SS", as it stands in the pixels after masking."""
    found = tags.value(dataset, keyword)
    if isinstance(found, bytes):
        found = int.from_bytes(found[:2], "little")
    if not isinstance(found, int):
        return None
    bits = tags.integer(dataset, "BitsStored") or tags.integer(dataset, "BitsAllocated") or 16
    found %= 2**bits
    return found - 2**bits if _signed(dataset) and found >= 2 ** (bits - 1) else found
