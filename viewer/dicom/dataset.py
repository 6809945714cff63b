"""One DICOM file as a pydicom dataset, however broken: opening, and values that never raise."""

from __future__ import annotations

import io
import logging
import re
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, BinaryIO

import pydicom
from pydicom import config
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import read_partial
from pydicom.tag import BaseTag, Tag
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)
from pydicom.valuerep import EXPLICIT_VR_LENGTH_32

from viewer.dicom import archive, charsets
from viewer.study import Source

# What is wrong with a file is said by Glassbox, once and without its contents; pydicom would log
# values, names among them.
config.settings.reading_validation_mode = config.IGNORE
logging.getLogger("pydicom").setLevel(logging.CRITICAL + 1)

PIXEL_TAGS = {0x7FE00008: "FloatPixelData", 0x7FE00009: "DoubleFloatPixelData", 0x7FE00010: "PixelData"}
UNDEFINED_LENGTH = 0xFFFFFFFF
TEXT_VRS = frozenset("AE AS CS DA DS DT IS LO LT PN SH ST TM UC UI UR UT".split())  # noqa: SIM905
_INFLATED_LIMIT = 1 << 30
_LONGEST_TEXT, _LONGEST_LIST = 1 << 10, 1 << 20
"""Bytes of a text that are read, more than the standard allows of a name in three scripts; and bytes of a
list of numbers in words, some 100,000 of them: a longer one is taken for damaged."""
_DEFERRED = 1 << 24
"""Bytes of a value that is read only if it is asked for: private elements may be of any size."""

_KINDS = (
    (b"\x89PNG", "PNG image"),
    (b"\xff\xd8\xff", "JPEG image"),
    (b"\x00\x00\x00\x0cjP", "JPEG 2000 image"),
    (b"GIF8", "GIF image"),
    (b"II*\0", "TIFF image"),
    (b"MM\0*", "TIFF image"),
    (b"BM", "BMP image"),
    (b"%PDF", "PDF document"),
    (b"PK\x03\x04", "ZIP archive: open it by itself"),
    (b"\x1f\x8b", "gzip archive"),
    (b"Rar!", "RAR archive"),
    (b"7z\xbc\xaf", "7-Zip archive"),
    (b"\x7fELF", "program"),
    (b"MZ", "Windows program"),
    (b"SQLite format", "database"),
    (b"\x93NUMPY", "NumPy array"),
    (b"NRRD", "NRRD volume"),
    (b"\x5c\x01\0\0", "NIfTI volume"),
)
_NEWER_SYNTAXES = {
    "1.2.840.10008.1.2.4.110": "JPEG XL Lossless",
    "1.2.840.10008.1.2.4.111": "JPEG XL JPEG Recompression",
    "1.2.840.10008.1.2.4.112": "JPEG XL",
    "1.2.840.10008.1.2.8.1": "Deflated Image Frame Compression",
    "1.2.840.113619.5.2": "GE Implicit VR Big Endian",
}
_UID = re.compile(r"[0-9.]{1,64}")
_EXPLICIT_VR = re.compile(rb"[A-Z]{2}")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
"""Control characters, and those that turn the direction of text around (UAX #9): a name is no layout."""


class Unreadable(Exception):
    """A file that is not shown; the message is the reason, without any of its contents."""


@dataclass(frozen=True, eq=False, slots=True)
class Opened:
    """A dataset up to its pixels, and where they lie.

    Parameters
    ----------
    syntax : Transfer Syntax UID; what the data look like where the file does not say it.
    pixel_keyword : "PixelData", "FloatPixelData", "DoubleFloatPixelData", or "" without pixels.
    pixel_offset : byte offset of the pixel data's value in the stream.
    pixel_length : bytes as declared; UNDEFINED_LENGTH for encapsulated data.
    pixel_words : True if the pixel data are declared as 16-bit words (VR OW).
    """

    dataset: Dataset
    syntax: str
    pixel_keyword: str = ""
    pixel_offset: int = 0
    pixel_length: int = 0
    pixel_words: bool = False


@contextmanager
def quiet() -> Iterator[None]:
    """Silence pydicom's warnings: they quote values, and every file here may be wrong."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class _Inflated(io.BytesIO):
    """A deflated file after inflation."""


@contextmanager
def open_source(source: Source) -> Iterator[BinaryIO]:
    """The bytes of a file or of a ZIP member, seekable; a deflated dataset comes inflated."""
    if source.member is None:
        with open(source.path, "rb") as stream:
            yield _inflated(stream)
    else:
        with archive.open_member(source.path, source.member) as member:
            yield _inflated(member)


def read(stream: BinaryIO, *, only: Sequence[str] | None = None) -> Opened:
    """Read the header of a DICOM stream up to the pixel data.

    Parameters
    ----------
    only : keywords to keep; None keeps everything.

    Raises
    ------
    Unreadable
        The stream is no DICOM, or its header cannot be parsed at all.
    """
    require_dicom(stream)
    stream.seek(0)
    found: list[tuple[int, str | None, int]] = []

    def at_pixels(tag: int, vr: str | None, length: int) -> bool:
        if int(tag) in PIXEL_TAGS:
            found.append((int(tag), vr, length))
        return bool(found)

    try:
        with quiet():
            dataset = read_partial(
                stream,
                at_pixels,
                defer_size=_DEFERRED,
                force=True,
                specific_tags=_tags(tuple(only or ())),
            )
    except OSError:
        raise
    except Exception as error:
        kind = type(error).__name__
        raise Unreadable(f"Damaged DICOM file: its header cannot be parsed ({kind})") from error
    deflated = isinstance(stream, _Inflated)
    syntax = str(DeflatedExplicitVRLittleEndian) if deflated else _syntax(dataset)
    if not found:
        return Opened(dataset, syntax)
    tag, vr, length = found[0]
    header = 12 if vr in EXPLICIT_VR_LENGTH_32 else 8
    start = stream.tell() + header  # pydicom goes back to the start of the element it stopped at
    return Opened(dataset, syntax, PIXEL_TAGS[tag], start, length, vr in (None, "OW"))


@cache
def _tag(keyword: str) -> BaseTag:
    return Tag(keyword)


@cache
def _tags(keywords: tuple[str, ...]) -> list[Any] | None:
    """The tags of keywords; None, which to pydicom means all, without any."""
    return [_tag(keyword) for keyword in keywords] or None


def _inflated(stream: BinaryIO) -> BinaryIO:
    """The stream itself, or, of a deflated file, its contents as explicit little endian (PS3.5 A.5)."""
    start = stream.read(1024)
    stream.seek(0)
    deflated = DeflatedExplicitVRLittleEndian.encode()
    if start[128:132] != b"DICM" or deflated not in start or start[132:136] != b"\2\0\0\0":
        return stream
    meta_end = 144 + int.from_bytes(start[140:144], "little")
    if start.find(deflated) > meta_end:
        return stream
    meta = stream.read(meta_end).replace(
        deflated, ExplicitVRLittleEndian.encode().ljust(len(deflated), b"\0")
    )
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    data = inflater.decompress(stream.read(), _INFLATED_LIMIT)
    if inflater.unconsumed_tail:
        raise Unreadable(f"Would inflate to more than {_INFLATED_LIMIT >> 20} MiB: refused")
    return _Inflated(meta + data)


def require_dicom(stream: BinaryIO) -> None:
    """Tell DICOM from anything else by its first bytes, preamble or not."""
    start = stream.read(140)
    if not start:
        raise Unreadable("Empty file")
    if start[128:132] == b"DICM":
        return
    for magic, kind in _KINDS:
        if start.startswith(magic):
            raise Unreadable(f"Not a DICOM file ({kind})")
    # Old files start with the dataset: a first element of group 2 or 8, in one of two byte orders.
    for order in ("little", "big"):
        group = int.from_bytes(start[0:2], order)
        element = int.from_bytes(start[2:4], order)
        length = int.from_bytes(start[4:8], order)
        plausible = _EXPLICIT_VR.fullmatch(start[4:6]) or length < 1 << 16
        if group in (0x0002, 0x0008) and element < 0x3000 and len(start) >= 8 and plausible:
            return
    text = sum(32 <= byte < 127 or byte in b"\t\r\n" for byte in start) > 0.95 * len(start)
    raise Unreadable("Not a DICOM file (text)" if text else "Not a DICOM file")


def _syntax(dataset: Dataset) -> str:
    declared = str(value(dataset.file_meta, "TransferSyntaxUID") or "").strip("\0 ")
    if declared:
        return declared
    implicit, little = dataset.original_encoding
    if not little:
        return str(ExplicitVRBigEndian)
    return str(ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian)


def syntax_name(syntax: str) -> str:
    """A transfer syntax in words, e.g. "JPEG Baseline (Process 1)"."""
    name = _NEWER_SYNTAXES.get(syntax, UID(syntax).name)
    if name != syntax:
        return name
    return f"transfer syntax {syntax}" if _UID.fullmatch(syntax) else "an unknown transfer syntax"


# Values. A missing, empty or malformed attribute gives the default: a viewer shows what it can.
# pydicom converts at the first access, and warns then: callers read within `quiet()`.


def value(dataset: Dataset, keyword: str) -> Any:
    """The value of an attribute, or None if it is missing, empty or malformed."""
    tag = _tag(keyword)
    if tag not in dataset:  # asked first: most are missing, and pydicom takes long to say so
        return None
    try:
        if _is_too_long(dataset.get_item(tag)):
            return None
        found = dataset[tag].value
    except RecursionError:
        dataset.pop(tag, None)  # sequences thousands deep: each further look would fail as slowly
        return None
    except Exception:  # pydicom converts here, and its converters raise whatever the bytes lead them to
        return None
    if isinstance(found, str | bytes | list | tuple) and not found:
        return None
    return found


def _is_too_long(element: Any) -> bool:
    """Whether an element is text, numbers in words among it, that would take seconds to convert."""
    if not isinstance(element, RawDataElement) or not _LONGEST_LIST < element.length < UNDEFINED_LENGTH:
        return False
    return (dictionary_VR(element.tag) if element.VR in (None, "UN") else element.VR) in TEXT_VRS


def numbers(dataset: Dataset, keyword: str) -> tuple[float, ...]:
    """All numbers of an attribute; () if it is missing or one of them is no finite number."""
    found = value(dataset, keyword)
    if found is None:
        found = (_raw_text(dataset, keyword) or "").strip("\0 ").split("\\")
    if isinstance(found, str | bytes) or not isinstance(found, Sequence | pydicom.multival.MultiValue):
        found = [found]
    result = []
    for entry in found:
        try:
            number = float(entry.replace(",", ".") if isinstance(entry, str) else entry)
        except (TypeError, ValueError, OverflowError):
            return ()
        if not abs(number) < float("inf"):
            return ()
        result.append(number)
    return tuple(result)


def number(dataset: Dataset, keyword: str) -> float | None:
    """The first number of an attribute, or None."""
    found = numbers(dataset, keyword)
    return found[0] if found else None


def integer(dataset: Dataset, keyword: str) -> int | None:
    """The first number of an attribute if it is whole, else None."""
    found = number(dataset, keyword)
    return int(found) if found is not None and found == int(found) else None


def text(dataset: Dataset, keyword: str) -> str:
    """An attribute as one line of text, several values joined by "\\"."""
    if dictionary_VR(keyword) == "PN":
        return person_name(dataset, keyword)
    raw = _raw_text(dataset, keyword, most=_LONGEST_TEXT)
    if raw is not None:
        return "\\".join(clean(part) for part in raw.split("\\"))
    found = value(dataset, keyword)
    if found is None:
        return ""
    if isinstance(found, bytes):
        found = found.decode("latin-1")
    elif not isinstance(found, str) and isinstance(found, Sequence | pydicom.multival.MultiValue):
        found = "\\".join(str(entry) for entry in found)
    return clean(str(found))


def clean(text: str) -> str:
    """Text without control characters and the padding around it."""
    return _CONTROL.sub("", text).strip()


def person_name(dataset: Dataset, keyword: str) -> str:
    """A name in all its scripts (PS3.5 6.2.1), e.g. "Yamada^Tarou · 山田^太郎"."""
    plain = _raw_text(dataset, keyword, most=_LONGEST_TEXT)
    if plain is None:
        try:
            plain = str(value(dataset, keyword) or "")
        except Exception:  # decoding a name raises whatever its character sets' codecs raise
            return ""
    groups = [clean(group).rstrip("^").strip() for group in plain.split("=")]
    return " · ".join(dict.fromkeys(group for group in groups if group))


def items(dataset: Dataset | None, keyword: str) -> list[Dataset]:
    """The items of a sequence; [] if there is none."""
    if dataset is None:
        return []
    found = value(dataset, keyword)
    try:
        return [entry for entry in found if isinstance(entry, Dataset)] if found is not None else []
    except TypeError:
        return []


def first_item(dataset: Dataset | None, keyword: str) -> Dataset | None:
    """The first item of a sequence, or None."""
    found = items(dataset, keyword)
    return found[0] if found else None


def _raw_text(dataset: Dataset, keyword: str, *, most: int | None = None) -> str | None:
    """The text of an attribute from its bytes, no more than `most` of them, as `charsets` reads them;
    None if it holds no text, or pydicom has converted it already."""
    tag = _tag(keyword)
    if tag not in dataset:
        return None
    try:
        element: Any = dataset.get_item(tag)
    except Exception:  # deferred elements are read here, with all that can go wrong in a broken file
        return None
    if not isinstance(element, RawDataElement) or not isinstance(element.value, bytes):
        return None
    if most is None and _is_too_long(element):
        return None
    vr, raw = element.VR, element.value[:most]
    if vr in (None, "UN"):
        vr = dictionary_VR(tag)
    if vr not in TEXT_VRS:
        return None
    return raw.decode("ascii") if charsets.is_plain(raw) else charsets.decoded(raw, encodings(dataset))


def encodings(dataset: Dataset) -> tuple[str, ...]:
    """Python's names of the character sets of a dataset; an item has those of what it lies in."""
    terms: Any = value(dataset, "SpecificCharacterSet")
    if terms is None:
        above = getattr(dataset, "_parent_encoding", charsets.UNDECLARED)
        return (above,) if isinstance(above, str) else tuple(above)
    return charsets.codecs((terms,) if isinstance(terms, str) else tuple(str(term) for term in terms))
