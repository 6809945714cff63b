"""What can be wrong with the bytes of a DICOM file: one function a way, each decided by a seed alone.

To add a way, add a function and its row in `WAYS`.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

from tests.fuzz.elements import LONG, UNDEFINED, Anatomy, anatomy

Way = Callable[[bytes, Anatomy, random.Random], bytes]

# fmt: off
_WORDS = [0, 1, 2, 3, 7, 8, 12, 16, 32, 64, 255, 256, 4096, 32767, 32768, 65534, 65535]
_TEXTS = [b"", b"0", b"-1", b"1", b"NaN", b"inf", b"-inf", b"1e308", b"1e-308", b"9" * 400, b"abc",
          b"\0\0", b"1\\2\\3", b"\\\\\\", b"0.0000001", b"1e309", b"1,5", b"-1e30", b"\xff\xfe",
          b"2147483648"]
_PHOTOMETRIC = [b"MONOCHROME1", b"MONOCHROME2", b"RGB", b"YBR_FULL", b"YBR_FULL_422", b"YBR_PARTIAL_422",
                b"YBR_ICT", b"YBR_RCT", b"PALETTE COLOR", b"CMYK", b"HSV", b"", b"\xff" * 16]
_CHARACTER_SETS = [b"ISO_IR 192", b"ISO_IR 13", b"ISO 2022 IR 87", b"\\ISO 2022 IR 149", b"GB18030",
                   b"GBK", b"ISO_IR 6", b"nonsense", b"\\\\\\\\", b"ISO 2022 IR 58\\ISO_IR 192", b"\xff\xff"]
_NAMES = [b"\x1b$B;3ED\x1b(B^\x1b", b"=\xff\xfe=\x80", b"^" * 64, b"=" * 64, b"A" * 60_000,
          b"\n\r\t\0\x7f", "عَرَبِيّ".encode() * 500, b"\x1b$)C" * 30, b"<b>x</b>&amp;%s%n{0}",
          "\u202e\u2028👩‍⚕️".encode()]
_SYNTAXES = [b"1.2.840.10008.1.2", b"1.2.840.10008.1.2.1", b"1.2.840.10008.1.2.2",
             b"1.2.840.10008.1.2.1.99", b"1.2.840.10008.1.2.5", b"1.2.840.10008.1.2.8.1",
          b"1.2.840.113619.5.2",
             b"1.2.3", b"", b"\xff\xff",
             *(b"1.2.840.10008.1.2.4.%d" % n for n in (50, 51, 53, 55, 57, 70, 80, 81, 90, 91, 92, 93, 94,
                                                      100, 102, 103, 106, 110, 111, 112, 201, 202, 203))]

_US = {
    0x00280010: _WORDS, 0x00280011: _WORDS, 0x00280100: _WORDS, 0x00280101: _WORDS, 0x00280102: _WORDS,
    0x00280103: [0, 1, 2, 65535], 0x00280002: _WORDS, 0x00280006: _WORDS, 0x00280120: _WORDS,
    0x00280121: _WORDS, 0x00280107: _WORDS, 0x60000010: _WORDS, 0x60000011: _WORDS,
}
"""Rows, Columns, Bits …, Pixel Representation, Samples, Planar, padding, overlay rows and columns."""
_DS = [0x00281050, 0x00281051, 0x00281052, 0x00281053, 0x00280030, 0x00181164, 0x00180088, 0x00180050,
       0x00181060, 0x30040058, 0x3004000C, 0x00200013, 0x00200011, 0x00200100, 0x00280034, 0x00181114,
       0x00541300, 0x00101030, 0x00181074, 0x00181075, 0x00180081]
"""Window, rescale, spacings, times, numbers, frame offsets, dose, weight, half life."""
_LUTS = [0x00281101, 0x00281102, 0x00281103, 0x00283002]
# fmt: on


def altered(data: bytes, rng: random.Random) -> tuple[str, bytes]:
    """A file with something wrong, and the name of the way it was done; now and then two or three ways."""
    names, done = [], data
    for _ in range(rng.choice((1, 1, 1, 1, 2, 3))):
        name = rng.choice(_NAMES_OF_WAYS)
        done = WAYS[name][0](done, anatomy(done), rng)
        names.append(name)
    return names[0] if len(names) == 1 else "several", done


def cut_at_element(data: bytes, parts: Anatomy, rng: random.Random) -> bytes:
    """End the file where an element, its value or an item starts, or a few bytes off."""
    if not parts.elements:
        return data[: rng.randrange(len(data) + 1)]
    one = rng.choice(parts.elements)
    return data[: max(rng.choice((one.start, one.value, one.end)) + rng.choice((0, 0, 0, -1, 1, 4)), 0)]


def flip_header(data: bytes, parts: Anatomy, rng: random.Random) -> bytes:
    return _flipped(data, 0, parts.pixels, rng)


def flip_pixels(data: bytes, parts: Anatomy, rng: random.Random) -> bytes:
    return _flipped(data, parts.pixels, len(data), rng)


def flip_stream_header(data: bytes, parts: Anatomy, rng: random.Random) -> bytes:
    """Where a codestream begins lie item lengths, the offset table, and the decoder's own header."""
    return _flipped(data, parts.pixels, min(parts.pixels + 200, len(data)), rng)


def flip_items(data: bytes, parts: Anatomy, rng: random.Random) -> bytes:
    """Item tags and lengths among the pixels: flipped, or set to something absurd."""
    found, at = [], data.find(b"\xfe\xff\x00\xe0", parts.pixels)
    while at >= 0 and len(found) < 200:
        found.append(at)
        at = data.find(b"\xfe\xff\x00\xe0", at + 4)
    if not found:
        return flip_pixels(data, parts, rng)
    at = rng.choice(found)
    if rng.random() < 0.3:
        return _flipped(data, at, min(at + 8, len(data)), rng)
    return data[: at + 4] + struct.pack("<I", _length(rng)) + data[at + 8 :]


def absurd_word(data: bytes, parts: Anatomy, rng: random.Random) -> bytes:
    """Rows, Columns, bits and their like as nobody means them."""
    for _ in range(rng.choice((1, 1, 2, 4))):
        tag = rng.choice(tuple(_US))
        order = ">" if parts.big else "<"
        words = [rng.choice(_US[tag]) for _ in range(rng.choice((1, 1, 1, 1, 0, 2)))]
        data = _put(data, parts, tag, b"US", struct.pack(f"{order}{len(words)}H", *words))
        parts = anatomy(data)
    return data


def absurd_number(data: bytes, parts: Anatomy, rng: random.Random) -> bytes:
    """Windows, slopes, spacings, times: NaN, 0, huge, negative, words."""
    for _ in range(rng.choice((1, 2, 4))):
        count = rng.choice((1, 1, 2, 2, 3, 50))
        value = b"\\".join(rng.choice(_TEXTS) for _ in range(count))
        data = _put(data, parts, rng.choice(_DS), b"DS", value)
        parts = anatomy(data)
    return data


def absurd_frames(data: bytes, parts: Anatomy, rng: random.Random) -> bytes:
    value = rng.choice(
        (b"0", b"-1", b"2", b"1000", b"199999", b"200000", b"1000000000", b"9" * 30, b"x", b"1e5")
    )
    return _put(data, parts, 0x00280008, b"IS", value)


def absurd_place(data: bytes, parts: Anatomy, rng: random.Random) -> bytes:
    """Image Position and Orientation (Patient), and the letters of the orientation."""
    tag, count = rng.choice(((0x00200032, 3), (0x00200037, 6), (0x00200037, 5), (0x00200020, 2)))
    value = b"\\".join(rng.choice(_TEXTS) for _ in range(count))
    return _put(data, parts, tag, b"DS" if count > 2 else b"CS", value)


def absurd_photometric(data: bytes, parts: Anatomy, rng: random.Random) -> bytes:
    data = _put(data, parts, 0x00280004, b"CS", rng.choice(_PHOTOMETRIC))
    samples = struct.pack(">H" if parts.big else "<H", rng.choice((1, 3, 4)))
    return _put(data, anatomy(data), 0x00280002, b"US", samples)


def absurd_text(data: bytes, parts: Anatomy, rng: random.Random) -> bytes:
    """Character sets that do not fit, names that break decoders, very long lines."""
    data = _put(data, parts, 0x00080005, b"CS", rng.choice(_CHARACTER_SETS))
    tag, vr = rng.choice(((0x00100010, b"PN"), (0x0008103E, b"LO"), (0x00080080, b"LO"), (0x00080060, b"CS")))
    return _put(data, anatomy(data), tag, vr, rng.choice(_NAMES))


def absurd_table(data: bytes, parts: Anatomy, rng: random.Random) -> bytes:
    """LUT and palette descriptors and data that do not fit each other; segmented palettes of nonsense."""
    order = ">" if parts.big else "<"
    descriptor = struct.pack(f"{order}3H", *(rng.choice(_WORDS) for _ in range(3)))
    table = rng.randbytes(rng.choice((0, 2, 7, 512, 65536)))
    if rng.random() < 0.4:
        data = _put(data, parts, rng.choice(_LUTS), b"US", descriptor)
        tag = rng.choice((0x00281201, 0x00281202, 0x00281203, 0x00281221, 0x00281222, 0x00281223))
        data = _put(data, anatomy(data), tag, b"OW", table)
        return _put(data, anatomy(data), 0x00280004, b"CS", b"PALETTE COLOR") if rng.random() < 0.5 else data
    item = parts.encoded(0x00283002, b"US", descriptor) + parts.encoded(0x00283006, b"OW", table)
    tag = rng.choice((0x00283000, 0x00283010))
    return _put(data, parts, tag, b"SQ", _item(item, parts))


def absurd_overlay(data: bytes, parts: Anatomy, rng: random.Random) -> bytes:
    order, group = (">" if parts.big else "<"), rng.choice((0x6000, 0x6002, 0x601E, 0x60FE)) << 16
    for element in (0x10, 0x11, 0x50, 0x100, 0x102, 0x15, 0x51):
        words = [rng.choice(_WORDS) for _ in range(2 if element == 0x50 else 1)]
        data = _put(data, anatomy(data), group | element, b"US", struct.pack(f"{order}{len(words)}H", *words))
    return _put(data, anatomy(data), group | 0x3000, b"OW", rng.randbytes(rng.choice((0, 2, 1024))))


def absurd_shutter(data: bytes, parts: Anatomy, rng: random.Random) -> bytes:
    data = _put(
        data, parts, 0x00181600, b"CS", rng.choice((b"RECTANGULAR", b"CIRCULAR", b"POLYGONAL", b"BITMAP"))
    )
    for tag in (0x00181602, 0x00181604, 0x00181606, 0x00181608, 0x00181610, 0x00181612, 0x00181620):
        value = b"\\".join(rng.choice(_TEXTS) for _ in range(rng.choice((1, 2, 3, 400))))
        data = _put(data, anatomy(data), tag, b"IS", value)
    return data


def remove(data: bytes, parts: Anatomy, rng: random.Random) -> bytes:
    """Leave out an element, or a few."""
    flat = [one for one in parts.elements if not one.depth and one.vr != b"SQ" and one.end <= len(data)]
    for one in sorted(
        rng.sample(flat, min(len(flat), rng.choice((1, 1, 3, 10)))), key=lambda one: -one.start
    ):
        data = data[: one.start] + data[one.end :]
    return data


def swap_vr(data: bytes, parts: Anatomy, rng: random.Random) -> bytes:
    """Another value representation for an element: its length is read where it is not."""
    explicit = [one for one in parts.elements if one.vr and data[one.start + 4 : one.start + 6] == one.vr]
    if not explicit:
        return flip_header(data, parts, rng)
    one = rng.choice(explicit)
    vr = rng.choice((*sorted(LONG), b"US", b"DS", b"PN", b"AT", b"FD", b"XX", b"\0\0", b"  "))
    return data[: one.start + 4] + vr + data[one.start + 6 :]


def swap_length(data: bytes, parts: Anatomy, rng: random.Random) -> bytes:
    """A declared length that the file does not have."""
    if not parts.elements:
        return flip_header(data, parts, rng)
    one = rng.choice(parts.elements)
    short = one.vr not in LONG and one.vr != b"" and not parts.implicit
    size, order = (2 if short else 4), ("big" if parts.big else "little")
    field = (_length(rng) & (1 << 8 * size) - 1).to_bytes(size, order)  # type: ignore[arg-type]
    return data[: one.value - size] + field + data[one.value :]


def swap_syntax(data: bytes, parts: Anatomy, rng: random.Random) -> bytes:
    """Another transfer syntax than the data are in."""
    return _put(data, parts, 0x00020010, b"UI", rng.choice(_SYNTAXES))


def nest(data: bytes, parts: Anatomy, rng: random.Random) -> bytes:
    """Sequences within sequences, up to 10,000 deep, of defined or undefined length, or cut off."""
    depth = rng.choice((10, 100, 900, 1100, 3000, 10_000))
    tag = rng.choice((0x00081140, 0x00082112, 0x00400275, 0x52009229, 0x52009230, 0x00191010))
    return _put(
        data, parts, tag, b"SQ", nested(depth, tag, parts, rng.choice(("defined", "undefined", "cut")))
    )


def nested(depth: int, tag: int, parts: Anatomy, kind: str) -> bytes:
    """The value of a sequence that holds itself `depth` times."""
    order = ">" if parts.big else "<"
    if kind == "defined":
        value = b""
        heads = []
        size = 0
        for _ in range(depth):
            item = struct.pack(f"{order}HHI", 0xFFFE, 0xE000, size)
            head = parts.encoded(tag, b"SQ", b"", size + len(item))
            heads.append(head + item)
            size += len(head) + len(item)
        value = b"".join(reversed(heads))
        return struct.pack(f"{order}HHI", 0xFFFE, 0xE000, size) + value
    item = struct.pack(f"{order}HHI", 0xFFFE, 0xE000, UNDEFINED)
    ends = struct.pack(f"{order}HHIHHI", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0)
    opened = (parts.encoded(tag, b"SQ", b"", UNDEFINED) + item) * depth
    return item + opened + (ends * depth if kind == "undefined" else b"") + ends[:8]


def many_items(data: bytes, parts: Anatomy, rng: random.Random) -> bytes:
    """A sequence of thousands of items where a reader looks for one or for one a frame."""
    tag = rng.choice((0x52009230, 0x52009229, 0x00283010, 0x00186011, 0x00081140, 0x00540016))
    inner = parts.encoded(rng.choice((0x00209113, 0x00289110, 0x00281050)), b"DS", rng.choice(_TEXTS))
    return _put(data, parts, tag, b"SQ", _item(inner, parts) * rng.choice((100, 5000)))


def private(data: bytes, parts: Anatomy, rng: random.Random) -> bytes:
    """Large private elements, with and without their creator; an icon image with its own pixel data."""
    if rng.random() < 0.5:
        return _put(
            data,
            parts,
            rng.choice((0x00091001, 0x00290010, 0x7FE10010)),
            rng.choice((b"UN", b"OB", b"LO")),
            rng.randbytes(rng.choice((3, 60_000, 1 << 20))),
        )
    pixel = parts.encoded(0x7FE00010, b"OW", rng.randbytes(100))
    size = b"".join(parts.encoded(tag, b"US", b"\xff\xff") for tag in (0x00280010, 0x00280011))
    return _put(data, parts, 0x00880200, b"SQ", _item(size + pixel, parts))


def overwrite(data: bytes, parts: Anatomy, rng: random.Random) -> bytes:
    """A value anywhere, nested ones too, filled with nonsense of the same length."""
    full = [
        one for one in parts.elements if 0 < one.length < 4096 and one.vr != b"SQ" and one.tag >> 16 != 0xFFFE
    ]
    for one in rng.sample(full, min(len(full), rng.choice((1, 3, 20)))):
        value = (rng.choice((*_TEXTS, b"\xff" * 8, b"\0" * 8)) or b" ") * one.length
        data = data[: one.value] + value[: one.length] + data[one.value + one.length :]
    return data


def splice(data: bytes, parts: Anatomy, rng: random.Random) -> bytes:
    """A piece left out, doubled, zeroed or moved."""
    start = rng.randrange(len(data) + 1)
    end = min(start + int(2 ** rng.uniform(0, 14)), len(data))
    piece = data[start:end]
    other = rng.choice(
        (b"", piece * 2, b"\0" * len(piece), b"\xff" * len(piece), piece[::-1], rng.randbytes(len(piece)))
    )
    return data[:start] + other + data[end:]


def _put(data: bytes, parts: Anatomy, tag: int, vr: bytes, value: bytes) -> bytes:
    """Set an element of the dataset itself: in place of the one there, or where it belongs."""
    value += (b"\0" if vr in (b"UI", b"OB", b"OW", b"UN") else b" ") * (len(value) % 2)
    made = parts.encoded(tag, vr, value)
    top = [one for one in parts.elements if not one.depth and one.tag >> 16 != 0xFFFE]
    for index, one in enumerate(top):
        if one.tag == tag:
            end = top[index + 1].start if index + 1 < len(top) else one.end
            return data[: one.start] + made + data[max(end, one.value) :]
        if one.tag > tag:
            return data[: one.start] + made + data[one.start :]
    return data + made


def _item(content: bytes, parts: Anatomy) -> bytes:
    return struct.pack(">HHI" if parts.big else "<HHI", 0xFFFE, 0xE000, len(content)) + content


def _flipped(data: bytes, start: int, end: int, rng: random.Random) -> bytes:
    if end <= start:
        return data
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        at = rng.randrange(start, end)
        changed[at] = changed[at] ^ (1 << rng.randrange(8)) if rng.random() < 0.6 else rng.randrange(256)
    return bytes(changed)


def _length(rng: random.Random) -> int:
    return rng.choice(
        (
            0,
            1,
            2,
            7,
            0xFF,
            0xFFFE,
            0xFFFF,
            0x10000,
            0x7FFFFFFF,
            0x80000000,
            0xFFFFFFFE,
            UNDEFINED,
            rng.randrange(1 << 32),
        )
    )


WAYS: dict[str, tuple[Way, int]] = {
    "cut at element": (cut_at_element, 6),
    "bits in header": (flip_header, 12),
    "bits in pixels": (flip_pixels, 10),
    "bits in stream header": (flip_stream_header, 12),
    "items": (flip_items, 6),
    "absurd word": (absurd_word, 8),
    "absurd number": (absurd_number, 6),
    "absurd frames": (absurd_frames, 3),
    "absurd place": (absurd_place, 3),
    "absurd photometric": (absurd_photometric, 4),
    "absurd text": (absurd_text, 4),
    "absurd table": (absurd_table, 4),
    "absurd overlay": (absurd_overlay, 2),
    "absurd shutter": (absurd_shutter, 2),
    "removed": (remove, 6),
    "other VR": (swap_vr, 4),
    "other length": (swap_length, 6),
    "other syntax": (swap_syntax, 6),
    "nested": (nest, 2),
    "many items": (many_items, 1),
    "private": (private, 1),
    "overwritten": (overwrite, 6),
    "spliced": (splice, 6),
}
"""Name -> (how, how often relative to the others)."""
_NAMES_OF_WAYS = [name for name, (_, weight) in WAYS.items() for _ in range(weight)]
