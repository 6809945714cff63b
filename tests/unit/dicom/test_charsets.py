"""Names in every script are read as pydicom reads them, and better where a file declares the wrong set."""

from __future__ import annotations

import warnings
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_charset_files

from viewer.dicom import dataset as tags
from viewer.dicom.charsets import codecs, decoded
from viewer.study import Source

FILES = sorted(Path(name) for name in get_charset_files("chr*.dcm"))
LATIN, CYRILLIC, GREEK = "Müller^Jörg", "Люкceмбypг", "Διονυσιος"
CHINESE, JAPANESE, KOREAN, THAI = "王^小东", "山田^太郎", "홍^길동", "นามสกุล"
KOREAN_BYTES = b"\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7"  # PS3.5 annex I


def read(path: Path):
    with tags.open_source(Source(path)) as stream, tags.quiet():
        return tags.read(stream).dataset


def pydicoms(element) -> str:
    """The name as pydicom decodes it, in the way Glassbox joins its scripts."""
    groups = (group.strip().rstrip("^").strip() for group in str(element or "").split("="))
    return " · ".join(dict.fromkeys(group for group in groups if group))


def test_the_files_are_there():
    assert len(FILES) == 17


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_rightly_declared_name_is_read_as_pydicom_reads_it(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = pydicom.dcmread(path)
        names = [pydicoms(expected.get("PatientName"))]
        for item in expected.get("RequestedProcedureCodeSequence", []):
            names.append(pydicoms(item.get("PatientName")))
    ours = read(path)
    with tags.quiet():
        found = [tags.person_name(ours, "PatientName")]
        for item in tags.items(ours, "RequestedProcedureCodeSequence"):
            found.append(tags.person_name(item, "PatientName"))
    assert found == names and any(names)


@pytest.mark.parametrize(
    ("text", "written", "declared"),
    [
        (LATIN, "latin-1", ("ISO_IR 192",)),
        (LATIN, "utf-8", ("ISO_IR 100",)),
        (LATIN, "utf-8", ()),
        (LATIN, "latin-1", ()),
        (LATIN, "latin-1", ("NONSENSE",)),
        (LATIN, "utf-8", ("NONSENSE",)),
        (LATIN, "latin-1", ("ISO IR 100",)),
        (LATIN, "latin-1", ("iso_ir 100",)),
        (LATIN, "latin-1", ("ISO_IR_100 ",)),
        (LATIN, "latin-1", ("ISO-8859-1",)),
        (LATIN, "latin-1", ("\\\\", "", "\\")),
        (LATIN, "latin-1", ("ISO-8859-12",)),
        (LATIN, "latin-1", ("ISO_IR 192", "ISO 2022 IR 87")),
        ("Renée", "latin-1", ("ISO_IR 192",)),
        ("Miss“y”", "cp1252", ()),
        (CYRILLIC, "utf-8", ("ISO_IR 144",)),
        (CYRILLIC, "iso8859-5", ("iso ir 144",)),
        (CYRILLIC, "iso8859-5", ("ISO-8859-5",)),
        (GREEK, "utf-8", ("ISO_IR 126",)),
        (GREEK, "iso8859-7", ("ISO 2022 IR 126",)),
        (THAI, "tis-620", ("ISO_IR 166",)),
        (THAI, "utf-8", ("ISO_IR 166",)),
        ("แพง", "tis-620", ("ISO_IR 166",)),  # valid UTF-8, too
        (CHINESE, "gb18030", ("GB18030",)),
        (CHINESE, "utf-8", ("GB18030",)),
        ("露", "gbk", ("GBK",)),  # valid UTF-8, too
        (CHINESE, "utf-8", ("UTF-8",)),
        (JAPANESE, "utf-8", ("ISO_IR 13",)),
        (JAPANESE, "shift_jis", ("ISO_IR 13",)),
        (JAPANESE, "shift_jis", ("", "ISO 2022 IR 87")),
        (JAPANESE, "utf-8", ("", "ISO 2022 IR 87")),
        (JAPANESE, "iso2022_jp", ()),
        (JAPANESE, "iso2022_jp", ("ISO_IR 100",)),
        (JAPANESE, "iso2022_jp", ("ISO_IR 192",)),
        ("ﾅｵ", "shift_jis", ("ISO_IR 13",)),  # valid UTF-8, too
        (KOREAN, "utf-8", ("", "ISO 2022 IR 149")),
        (KOREAN, "euc_kr", ("", "ISO 2022 IR 149")),  # the escape sequence was forgotten
    ],
)
def test_a_name_survives_a_wrong_label(text, written, declared):
    assert decoded(text.encode(written), codecs(declared)) == text


def test_escape_sequences_that_nobody_declared_are_followed():
    assert decoded(KOREAN_BYTES, codecs(())) == "洪^吉洞"
    assert decoded(KOREAN_BYTES, codecs(("ISO_IR 192",))) == "洪^吉洞"
    assert decoded(b"\x1b-F" + GREEK.encode("iso8859-7"), codecs(("ISO_IR 100",))) == GREEK


def test_stray_escapes_do_not_spoil_the_rest():
    assert "Müller" in decoded(b"\x1b\x1b(" + "BMüller".encode(), codecs(()))
    assert decoded(b"Doe\x1b", codecs(())).startswith("Doe")


def test_utf8_cut_off_within_a_letter_keeps_the_letters_before():
    assert decoded("Müller^Jö".encode()[:-1], codecs(("ISO_IR 192",))) == "Müller^J"


def test_an_item_is_read_in_the_character_set_of_what_it_lies_in(tmp_path):
    from tests.support.dicom_factory import image, item, write

    dataset = image(SpecificCharacterSet="ISO_IR 144")
    dataset.RequestAttributesSequence = item(RequestedProcedureDescription=CYRILLIC)
    read_back = read(write(dataset, tmp_path / "one.dcm"))
    found = tags.first_item(read_back, "RequestAttributesSequence")
    with tags.quiet():
        assert tags.text(found, "RequestedProcedureDescription") == CYRILLIC


@pytest.mark.parametrize(
    "declared", [(), ("ISO_IR 192",), ("ISO_IR 13",), ("", "ISO 2022 IR 87"), ("GB18030",)]
)
def test_no_bytes_raise(declared):
    for first in range(256):
        for text in (bytes([first]), bytes([first, 0x1B, first]), bytes([0x1B, 0x24, first, 0xFF, first])):
            assert isinstance(decoded(text, codecs(declared)), str)
