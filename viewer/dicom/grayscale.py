"""From stored values to modality values, and the file's VOI choices (PS3.3 C.11.1, C.11.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from pydicom.dataset import Dataset

from viewer.dicom import dataset as tags
from viewer.study import VoiLut, Window

_FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")
_UNITS = {"BQML": "Bq/ml", "CNTS": "counts", "GML": "SUV", "PROPCNTS": "counts", "PROPCPS": "counts/s"}
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
        whole = self.slope == int(self.slope) and self.intercept == int(self.intercept)
        if stored.dtype.kind in "iu" and whole and stored.size:
            slope, intercept = int(self.slope), int(self.intercept)
            ends = [int(stored.min()) * slope + intercept, int(stored.max()) * slope + intercept]
            wide = np.iinfo(np.int16), _INT32
            for limits in wide:
                if limits.min <= min(ends) and max(ends) <= limits.max:
                    return (stored.astype(np.int64) * slope + intercept).astype(limits.dtype)
        return (stored.astype(np.float64) * self.slope + self.intercept).astype(np.float32)


def modality_transform(dataset: Dataset, frame: int) -> ModalityTransform:
    """The modality LUT of a frame: its own, the shared one, the instance's, or identity."""
    sequence = tags.first_item(dataset, "ModalityLUTSequence")
    if sequence is not None:
        read = lookup_table(sequence, signed=_signed(dataset))
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
        units = tags.text(dataset, "Units")
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
    transform = modality_transform(dataset, frame)
    signed = transform.intercept < 0 or (transform.table is None and _signed(dataset))
    found = []
    for item in tags.items(dataset, "VOILUTSequence"):
        read = lookup_table(item, signed=signed)
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
    """Whether low values are bright: MONOCHROME1, or Presentation LUT Shape INVERSE."""
    photometric = tags.text(dataset, "PhotometricInterpretation").upper()
    return photometric == "MONOCHROME1" or tags.text(dataset, "PresentationLUTShape").upper() == "INVERSE"


def functional_item(dataset: Dataset, frame: int, macro: str) -> Dataset | None:
    """A functional group macro's item: the frame's own, else the one all share (PS3.3 C.7.6.16)."""
    groups = tags.value(dataset, "PerFrameFunctionalGroupsSequence")
    if groups is not None and frame < len(groups):
        own = tags.first_item(groups[frame], macro)
        if own is not None:
            return own
    return tags.first_item(tags.first_item(dataset, "SharedFunctionalGroupsSequence"), macro)


def lookup_table(item: Dataset, *, signed: bool, prefix: str = "LUT") -> tuple[int, np.ndarray, int] | None:
    """(first value mapped, (n,) uint16 entries, bits per entry) of a LUT, or None if it is malformed.

    Parameters
    ----------
    signed : values that go in are signed: decides what a first value past 32767 means where the file
        does not say it (implicit VR, and descriptors written as US).
    prefix : of the attributes: "LUT" for LUTDescriptor and LUTData, "RedPaletteColorLookupTable", …
    """
    descriptor = _descriptor(item, f"{prefix}Descriptor")
    if descriptor is None:
        return None
    count, first, bits = descriptor
    count = count % 65536 or 65536
    first = first % 65536
    if signed and first >= 32768:
        first -= 65536
    little = item.original_encoding[1] is not False
    table = _entries(tags.value(item, f"{prefix}Data"), count, "<u2" if little else ">u2")
    if table is None or not table.size:
        return None
    if not 1 <= bits <= 16 or table.max() >= 2**bits:
        bits = 8 if table.max() < 256 and bits <= 8 else 16
    return first, table, bits


def _descriptor(item: Dataset, keyword: str) -> tuple[int, int, int] | None:
    found = tags.value(item, keyword)
    if isinstance(found, bytes) and len(found) >= 6:  # VR "US or SS" left open
        found = np.frombuffer(found[:6], "<u2")
    try:
        count, first, bits = (int(entry) for entry in found)
    except (TypeError, ValueError):
        return None
    return count, first, bits


def _entries(data: Any, count: int, word: str) -> np.ndarray | None:
    if data is None:
        return None
    if isinstance(data, bytes):
        # Entries of 8 bits come packed two to a word, or one to a word: the length tells.
        if len(data) >= 2 * count:
            return np.frombuffer(data[: 2 * count], word).astype(np.uint16)
        return np.frombuffer(data[:count], np.uint8).astype(np.uint16)
    try:
        return np.atleast_1d(np.asarray(data)).astype(np.int64).astype(np.uint16)[:count]
    except (TypeError, ValueError):
        return None


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
