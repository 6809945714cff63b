"""All attributes of one instance as rows of text, for a reader to look at; of a broken file what is whole."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from pydicom import datadict
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import read_partial
from pydicom.uid import UID

from viewer.dicom import charsets, identity
from viewer.dicom import dataset as tags
from viewer.dicom.dataset import PIXEL_TAGS, UNDEFINED_LENGTH, Unreadable
from viewer.errors import StudyError
from viewer.study import Source

HIDDEN = "(hidden)"
"""Stands for what may identify the patient."""
MAX_ROWS = 10_000
MAX_ITEMS = 50
"""Items of one sequence that are listed."""
MAX_DEPTH = 16
MAX_TEXT = 400
"""Characters of one value."""
MAX_NUMBERS = 16

_PER_FRAME = 0x52009230
_BYTES = frozenset({"OB", "OW", "OF", "OD", "OL", "OV", "UN"})


@dataclass(frozen=True, slots=True)
class TagRow:
    """One attribute, or the header of one item of a sequence (`tag` is then "").

    Parameters
    ----------
    level : 0 in the dataset itself, 2 more in every sequence: an item's header lies one below it.
    tag : "(0010,0010)".
    name : as PS3.6 names it, "Private" or what is known of a private one.
    value : as text, shortened; `HIDDEN` where it may identify the patient and that is not wanted.
    """

    level: int
    tag: str
    name: str
    vr: str
    value: str


def read_tags(source: Source, *, frame: int = 0, deidentified: bool = False) -> tuple[TagRow, ...]:
    """The attributes of an instance up to its pixels, in the order of the file.

    Of the functional groups of all frames (PS3.3 C.7.6.16) those of `frame` (0-based) are listed. A file
    that breaks off gives what comes before, and a last row that says so. `deidentified` hides whatever
    `identity.is_identifying` names, with all that lies in it.

    Raises
    ------
    StudyError
        The file cannot be read, or is no DICOM.
    """
    try:
        with tags.open_source(source) as stream, tags.quiet():
            tags.require_dicom(stream)
            return tuple(_Lister(frame, deidentified).rows(stream))
    except Unreadable as reason:
        raise StudyError(f"{reason}.", remedy="Choose a DICOM file.") from reason
    except (OSError, zipfile.BadZipFile, zlib.error, RuntimeError, KeyError) as error:
        raise StudyError("The file cannot be read.", remedy="Check that it is still there.") from error


class _Lister:
    """Makes the rows; counts them, so that no file can make too many."""

    def __init__(self, frame: int, deidentified: bool) -> None:
        self._frame = frame
        self._deidentified = deidentified
        self._count = 0

    def rows(self, stream: BinaryIO) -> Iterator[TagRow]:
        opened = _read(stream)
        dataset = opened.dataset
        meta = getattr(dataset, "file_meta", None)
        for part in (meta, dataset):
            if part is not None:
                yield from self._dataset(part, 0)
        if opened.pixels is not None:
            yield self._pixels(*opened.pixels)
        if self._count >= MAX_ROWS:
            yield _remark(f"More than {MAX_ROWS} attributes: the rest is not listed.")
        elif opened.ending:
            yield _remark(opened.ending)

    def _dataset(self, dataset: Dataset, level: int) -> Iterator[TagRow]:
        for tag in sorted(dataset.keys()):
            if self._count >= MAX_ROWS:
                return
            self._count += 1
            yield from self._attribute(dataset, int(tag), level)

    def _attribute(self, dataset: Dataset, tag: int, level: int) -> Iterator[TagRow]:
        element = _element(dataset, tag)
        vr = _vr(element, tag)
        hidden = self._deidentified and _is_hidden(tag, vr)
        name = "Private" if hidden and tag & 0x10000 else _name(dataset, tag)
        if hidden:
            yield TagRow(level, _written(tag), name, vr, HIDDEN)
        elif vr == "SQ":
            yield from self._sequence(dataset, tag, name, level)
        else:
            yield TagRow(level, _written(tag), name, vr, _value(dataset, element, tag, vr))

    def _sequence(self, dataset: Dataset, tag: int, name: str, level: int) -> Iterator[TagRow]:
        try:
            items = [item for item in dataset[tag].value if isinstance(item, Dataset)]
        except Exception:  # pydicom parses the items here, and raises whatever their bytes lead it to
            yield TagRow(level, _written(tag), name, "SQ", "(damaged: its items cannot be read)")
            return
        count = f"({len(items)} item{'' if len(items) == 1 else 's'})"
        shown = list(enumerate(items))[:MAX_ITEMS]
        if tag == _PER_FRAME and self._frame < len(items):
            shown = [(self._frame, items[self._frame])]
            count = f"({len(items)} items, one a frame)"
        yield TagRow(level, _written(tag), name, "SQ", count)
        if level >= 2 * MAX_DEPTH:
            yield TagRow(level + 1, "", "", "", "(deeper sequences are not listed)")
            return
        for number, item in shown:
            yield TagRow(level + 1, "", f"Item {number + 1}", "", "")
            yield from self._dataset(item, level + 2)
        if tag != _PER_FRAME and len(items) > len(shown):
            yield TagRow(level + 1, "", "", "", f"({len(items) - len(shown)} more items are not listed)")

    def _pixels(self, tag: int, vr: str, length: int) -> TagRow:
        size = "(compressed)" if length == UNDEFINED_LENGTH else _size(length)
        return TagRow(0, _written(tag), _name(Dataset(), tag), vr, size)


@dataclass(frozen=True, eq=False, slots=True)
class _Opened:
    """`pixels`: tag, VR and length of the pixel data; `ending`: why it stops before, or ""."""

    dataset: Dataset
    pixels: tuple[int, str, int] | None
    ending: str


def _read(stream: BinaryIO) -> _Opened:
    """Everything up to the pixels; where an element cannot be parsed, everything up to that one."""
    size = stream.seek(0, 2)
    most = 1 << 30
    while True:
        started: list[tuple[int, str, int, int]] = []

        def stop(tag: Any, vr: str | None, length: int) -> bool:
            started.append((int(tag), vr or "", length, stream.tell()))  # noqa: B023 - called within the loop
            return int(tag) in PIXEL_TAGS or len(started) > most  # noqa: B023

        stream.seek(0)
        try:
            dataset = read_partial(stream, stop, force=True)
        except Exception as error:  # a broken file raises anything
            if not started or len(started) > most:
                kind = type(error).__name__
                raise Unreadable(f"Damaged DICOM file: its header cannot be parsed ({kind})") from error
            most = len(started) - 1
            continue
        broken = len(started) > most
        last = started[-1][0] if started else None
        if last is None or broken or last in PIXEL_TAGS or last in dataset:
            return _Opened(dataset, *_end(started, size, broken=broken))
        most = len(started) - 1  # a value without an end, for which pydicom drops all that comes before


def _end(
    started: list[tuple[int, str, int, int]], size: int, *, broken: bool
) -> tuple[tuple[int, str, int] | None, str]:
    """The pixel data that were reached, and in words where the file stops making sense."""
    if not started:
        return None, ""
    tag, vr, length, offset = started[-1]
    if broken:
        return None, f"The file is damaged at {_written(tag)}: nothing after it can be read."
    cut = length != UNDEFINED_LENGTH and offset + length > size
    words = f"The file is cut off within {_written(tag)}."
    return ((tag, vr, length) if tag in PIXEL_TAGS else None), words if cut else ""


def _element(dataset: Dataset, tag: int) -> Any:
    """The element as it lies in the file where pydicom has not converted it; None if it cannot be had."""
    try:
        return dataset.get_item(tag)
    except Exception:  # as above
        return None


def _vr(element: Any, tag: int) -> str:
    vr = str(getattr(element, "VR", None) or "UN")
    if vr == "UN" and not tag & 0x10000:
        known = datadict.dictionary_VR(tag) if datadict.dictionary_has_tag(tag) else "UN"
        vr = known.split(" or ")[0]
    return vr


def _is_hidden(tag: int, vr: str) -> bool:
    """Identifying by the standard's table; names, and what no dictionary knows, to be on the safe side."""
    unknown = not datadict.dictionary_has_tag(tag) and not datadict.repeater_has_tag(tag) and tag & 0xFFFF
    return identity.is_identifying(tag) or vr == "PN" or bool(unknown)


def _name(dataset: Dataset, tag: int) -> str:
    if not tag & 0x10000:
        try:
            return "Group Length" if not tag & 0xFFFF else datadict.dictionary_description(tag)
        except KeyError:
            return "Unknown"
    if 0x10 <= tag & 0xFFFF <= 0xFF:
        return "Private Creator"
    # PS3.5 7.8.1: element xxyy belongs to the creator named in element 00xx of its group.
    creator = tags.clean(_text(dataset, (tag & 0xFFFF0000) | (tag >> 8 & 0xFF)))[:64]
    try:
        return f"{creator}: {datadict.private_dictionary_description(tag, creator)}"
    except KeyError:
        return f"Private ({creator})" if creator else "Private"


def _text(dataset: Dataset, tag: int) -> str:
    """The text of an element in the character sets of its dataset."""
    element = _element(dataset, tag)
    raw = getattr(element, "value", None)
    if isinstance(raw, bytes):
        return charsets.decoded(raw, tags.encodings(dataset))
    return "" if raw is None else str(raw)


def _value(dataset: Dataset, element: Any, tag: int, vr: str) -> str:
    raw = element.value if isinstance(element, RawDataElement) else None
    if vr in tags.TEXT_VRS:
        text = tags.clean(_text(dataset, tag).replace("\r", " ").replace("\n", " "))
        if vr == "UI" and UID(text).name not in (text, ""):
            text = f"{text} = {UID(text).name}"
        return _shortened(text)
    if vr in _BYTES:
        return _bytes(raw if raw is not None else getattr(element, "value", None), vr)
    try:
        found = dataset[tag].value
    except Exception:  # as above
        return f"(cannot be read: {_size(len(raw))[1:-1]})" if isinstance(raw, bytes) else "(cannot be read)"
    return _shortened(_numbers(found))


def _bytes(found: Any, vr: str) -> str:
    """Bytes by their number; those of an unknown kind as text where they are text."""
    if not isinstance(found, bytes):
        return "" if found is None else "(data)"
    text = found.rstrip(b"\0 ")
    if vr == "UN" and text and all(32 <= byte < 127 for byte in text):
        return _shortened(text.decode("ascii"))
    return _size(len(found)) if found else ""


def _numbers(found: Any) -> str:
    if found is None:
        return ""
    if isinstance(found, str | bytes) or not hasattr(found, "__len__"):
        return str(found)
    values = [str(one) for one in found[:MAX_NUMBERS]]
    more = f" … ({len(found)} values)" if len(found) > MAX_NUMBERS else ""
    return "\\".join(values) + more


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}… ({len(text)} characters)"


def _size(count: int) -> str:
    return f"({count:,} byte{'' if count == 1 else 's'})".replace(",", "\u202f")


def _written(tag: int) -> str:
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def _remark(text: str) -> TagRow:
    return TagRow(0, "", "", "", text)
