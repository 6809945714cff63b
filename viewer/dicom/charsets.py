"""Bytes of a text attribute -> text, by the declared character sets (PS3.5 6.1.2) or, where those are
wrong, by what the bytes themselves say.

Much software declares a character set that it does not write: UTF-8 under a Latin-1 label or none,
Latin-1 under a UTF-8 label, misspelt or made-up labels. A name must survive all of it.
"""

from __future__ import annotations

import contextlib
import re
import warnings
from collections.abc import Sequence
from functools import lru_cache

from pydicom import charset

UNDECLARED = "iso8859"
"""What pydicom calls the character set of a file that declares none."""

_ESC = b"\x1b"
_ISO_IR = re.compile(r"ISO[ _.-]*(2022)?[ _.-]*IR[ _.-]*(\d+)")
_ISO_8859 = re.compile(r"(?:ISO[ _.-]*)?8859[ _.-]*(\d+)")
_ALIASES = {"UTF8": "ISO_IR 192", "UNICODE": "ISO_IR 192", "GB2312": "ISO 2022 IR 58", "LATIN1": "ISO_IR 100"}
_ESCAPE_SEQUENCE = re.compile(rb"\x1b[$()*+,\-./]{0,2}[0-~]?")
_DELIMITERS = {ord(c) for c in "^=\\\r\n\t\f"}

_UTF_8 = "UTF8"
_IDEOGRAPHIC, _THAI = (0x2E80, 0x10FFFF), (0x0E00, 0x0E7F)
_SCRIPTS = {
    "GB18030": _IDEOGRAPHIC,
    "GBK": _IDEOGRAPHIC,
    "GB2312": _IDEOGRAPHIC,
    "iso_ir_58": _IDEOGRAPHIC,
    "euc_kr": _IDEOGRAPHIC,
    "iso_ir_166": _THAI,
}
"""Codecs whose texts can be valid UTF-8 by chance, as "露" is; never with letters of their own script."""
_ISO_2022 = tuple(
    dict.fromkeys(codec for term, codec in charset.python_encoding.items() if term.startswith("ISO 2022"))
)


@lru_cache(maxsize=64)
def codecs(terms: tuple[str, ...]) -> tuple[str, ...]:
    """Python's names of the character sets that Specific Character Set declares; at least one.

    Misspelt terms ("iso ir 100", "UTF-8") are understood, unknown ones left out.
    """
    found = []
    for position, term in enumerate(terms):
        codec = charset.python_encoding.get(_spelt(term)) if term or position == 0 else None
        if codec is not None:
            found.append(codec)
        elif match := _ISO_8859.fullmatch(term.strip().upper()):
            found.append(f"iso8859_{match[1]}")
    return tuple(found) or (UNDECLARED,)


def _spelt(term: str) -> str:
    """A term as the standard spells it."""
    plain = term.strip("\0 ").upper()
    match = _ISO_IR.fullmatch(plain)
    if match:
        return f"ISO 2022 IR {match[2]}" if match[1] else f"ISO_IR {match[2]}"
    return _ALIASES.get(re.sub(r"[ _.-]", "", plain), plain)


def is_plain(raw: bytes) -> bool:
    """Whether a value reads the same in every character set: ASCII without escape sequences."""
    return raw.isascii() and _ESC not in raw


def decoded(raw: bytes, encodings: Sequence[str]) -> str:
    """The text of a value; never raises, and never replaces what can be read in another way.

    Parameters
    ----------
    raw : the whole value, all its components and values: an encoding may contain the byte of "\\\\".
    encodings : Python's names of the declared character sets, as `codecs` gives them.
    """
    if _ESC in raw:
        return _with_escapes(raw, encodings)
    if raw.isascii():
        return raw.decode("ascii")
    for codec in _candidates(raw, encodings):
        try:
            return raw.decode(codec)
        except LookupError:
            continue  # there is no ISO 8859-12
        except UnicodeDecodeError as error:
            whole = raw[: error.start]
            if codec == _UTF_8 and error.reason == "unexpected end of data" and not whole.isascii():
                return whole.decode(codec)  # cut off within its last character
    return raw.decode("latin-1")


def _candidates(raw: bytes, encodings: Sequence[str]) -> list[str]:
    """The codecs to try for a text beyond ASCII, the most trustworthy first."""
    first, *more = encodings
    if first == "shift_jis" and all(byte < 0x80 or 0xA1 <= byte <= 0xDF for byte in raw):
        return [first]  # ISO_IR 13: half-width katakana, and nothing else
    # Any single-byte set reads any bytes, so its label proves nothing; valid UTF-8 does.
    order = [first, _UTF_8] if first in _SCRIPTS and not _written_in(raw, first) else [_UTF_8, first]
    if first == UNDECLARED:  # ISO_IR 6 has no bytes beyond ASCII: escapes to the other sets were forgotten
        order = [_UTF_8, *more]
    if any(codec.startswith("iso2022_jp") for codec in encodings):
        order.insert(1, "shift_jis")  # what Japanese systems wrote for decades, whatever they declared
    return [*order, "cp1252"]


def _written_in(raw: bytes, codec: str) -> bool:
    """Whether `raw` is UTF-8 in ASCII and the script that `codec` is for."""
    low, high = _SCRIPTS[codec]
    try:
        return all(ord(letter) < 0x80 or low <= ord(letter) <= high for letter in raw.decode())
    except UnicodeDecodeError:
        return False


def _with_escapes(raw: bytes, encodings: Sequence[str]) -> str:
    """ISO 2022 code extensions (PS3.5 6.1.2.5); escapes are followed although nobody declared their sets."""
    bare = _ESCAPE_SEQUENCE.sub(b"", raw)
    if not bare.isascii() and b"\x1b)I" not in raw:
        with contextlib.suppress(UnicodeDecodeError):
            return bare.decode()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it quotes what it cannot read
        try:
            text = charset.decode_bytes(raw, [*encodings, *_ISO_2022], _DELIMITERS)
        except (UnicodeError, LookupError):
            text = "\ufffd"
    return decoded(bare, encodings) if "\ufffd" in text and not bare.isascii() else text
