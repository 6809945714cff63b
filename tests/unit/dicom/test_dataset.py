"""Values that never raise, text in every script, and telling DICOM from anything else."""

from __future__ import annotations

import io
import logging

import pytest
from pydicom import uid as uids
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from tests.support.dicom_factory import compressed, gradient, image, to_bytes, write
from viewer.dicom import dataset as tags
from viewer.dicom.scan import headers, scan
from viewer.errors import StudyError


def raw(keyword: str, vr: str, content: bytes) -> Dataset:
    """A dataset whose element is as a file holds it, not yet converted."""
    dataset = Dataset()
    tag = Tag(keyword)
    dataset._dict[tag] = RawDataElement(tag, vr, len(content), content, 0, False, True)
    dataset.set_original_encoding(False, True)
    return dataset


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"1.5 ", (1.5,)), (b"1\\2\\3", (1, 2, 3)), (b"0,5", (0.5,)), (b"abc ", ()), (b"", ()), (b"1e999 ", ()),
     (b"1\\x ", ()), (b"NaN ", ())],
)  # fmt: skip
def test_malformed_numbers_are_missing_numbers(content, expected):
    assert tags.numbers(raw("PixelSpacing", "DS", content), "PixelSpacing") == expected


@pytest.mark.parametrize(("content", "expected"), [(b"12", 12), (b"1A", None), (b"1.0 ", 1), (b"1.5 ", None)])
def test_malformed_integers_are_missing_integers(content, expected):
    assert tags.integer(raw("NumberOfFrames", "IS", content), "NumberOfFrames") == expected


def test_a_missing_attribute_is_none_or_empty():
    empty = Dataset()
    assert tags.value(empty, "Rows") is None
    assert tags.number(empty, "Rows") is None
    assert tags.text(empty, "PatientName") == ""
    assert tags.items(empty, "VOILUTSequence") == [] and tags.items(None, "VOILUTSequence") == []
    assert tags.first_item(empty, "VOILUTSequence") is None


def test_a_number_of_the_wrong_length_is_missing():
    assert tags.integer(raw("Rows", "US", b"\1"), "Rows") is None


def patient_name(tmp_path, content: bytes, charset: str | list[str] | None) -> str:
    """A name as a file holds it, through a scan."""
    placeholder = "X" * len(content)
    data = to_bytes(image(patient=placeholder, SpecificCharacterSet=charset))
    assert data.count(placeholder.encode()) == 1
    path = tmp_path / "one.dcm"
    path.write_bytes(data.replace(placeholder.encode(), content))
    return scan(path).series[0].patient.name


# The names of PS3.5 annexes H, I, J and K
YAMADA = "Yamada^Tarou=山田^太郎=やまだ^たろう"


@pytest.mark.parametrize(
    ("content", "charset", "shown"),
    [
        (b"Buc^J\xe9r\xf4me ", "ISO_IR 100", "Buc^Jérôme"),
        ("Люкceмбypг".encode("iso8859-5"), "ISO_IR 144", "Люкceмбypг"),
        ("Διονυσιος ".encode("iso8859-7"), "ISO_IR 126", "Διονυσιος"),
        ("שרון^דבורה".encode("iso8859-8"), "ISO_IR 138", "שרון^דבורה"),
        ("Wang^XiaoDong=王^小东".encode("gb18030") + b" ", "GB18030", "Wang^XiaoDong · 王^小东"),
        (YAMADA.encode(), "ISO_IR 192", "Yamada^Tarou · 山田^太郎 · やまだ^たろう"),
        (
            b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B ",
            ["", "ISO 2022 IR 87"],
            "Yamada^Tarou · 山田^太郎 · やまだ^たろう",
        ),
        ("Äneas^Rüdiger ".encode(), None, "Äneas^Rüdiger"),  # UTF-8 that nobody declared
        (b"\xc4neas ", None, "Äneas"),  # Latin-1 that nobody declared
        (b"Doe^Jane^^^ ", None, "Doe^Jane"),
        (b"^^^^", None, ""),
    ],
)
def test_names_are_read_in_every_script(tmp_path, content, charset, shown):
    assert patient_name(tmp_path, content, charset) == shown


@pytest.mark.parametrize("charset", ["ISO_IR 999", "NONSENSE", "ISO_IR 192", ["", "ISO 2022 IR 87", "WRONG"]])
def test_a_wrong_character_set_survives(tmp_path, charset):
    assert "neas" in patient_name(tmp_path, b"\xc4neas ", charset)


def test_control_characters_do_not_reach_the_screen(tmp_path):
    assert patient_name(tmp_path, b"Doe\x00^Ja\x07ne\n", None) == "Doe^Jane"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "Empty file"),
        (b"hello, this is a readme\n" * 20, "text"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "PNG"),
        (b"\xff\xd8\xff\xe0" + bytes(200), "JPEG"),
        (b"%PDF-1.7" + bytes(200), "PDF"),
        (bytes(range(256)), "Not a DICOM file"),
        (b"ab", "Not a DICOM file"),
        (bytes(128) + b"DICM", "cut off"),
    ],
)
def test_other_files_are_told_apart_and_named(tmp_path, content, words):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(StudyError) as raised:
        headers(path)
    assert words in raised.value.what


@pytest.mark.parametrize(
    "syntax", [uids.ImplicitVRLittleEndian, uids.ExplicitVRLittleEndian, uids.ExplicitVRBigEndian]
)
def test_a_file_without_preamble_and_meta_is_still_read(tmp_path, syntax):
    data = to_bytes(compressed(image(gradient(8, 8)), syntax))
    meta_end = 144 + int.from_bytes(data[140:144], "little")
    path = tmp_path / "bare"
    path.write_bytes(data[meta_end:])
    (header,) = headers(path)
    assert (header.rows, header.transfer_syntax) == (8, syntax)


@pytest.mark.parametrize(
    ("missing", "words"),
    [("Rows", "no valid Rows"), ("Columns", "no valid Columns"), ("BitsAllocated", "no valid Bits Allocated"),
     ("PixelData", "ends before its pixel data")],
)  # fmt: skip
def test_what_an_image_needs_is_named_where_it_lacks(tmp_path, missing, words):
    dataset = image()
    delattr(dataset, missing)
    with pytest.raises(StudyError, match=words):
        headers(write(dataset, tmp_path / "one.dcm"))


@pytest.mark.parametrize(
    "optional",
    ["SamplesPerPixel", "PhotometricInterpretation", "PixelRepresentation", "BitsStored", "HighBit",
     "Modality", "InstanceNumber", "SeriesInstanceUID", "StudyInstanceUID", "SOPInstanceUID",
     "PatientName", "PatientID"],
)  # fmt: skip
def test_an_image_is_shown_without_what_it_can_do_without(tmp_path, optional):
    dataset = image(gradient().astype("u2"))
    delattr(dataset, optional)
    if optional == "SOPInstanceUID":
        dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    (series,) = scan(write(dataset, tmp_path / "one.dcm")).series
    assert series.uid and series.study_instance_uid and series.slices[0].sop_instance_uid


def test_dicom_without_an_image_is_named(tmp_path):
    dataset = image(modality="SR")
    del dataset.PixelData, dataset.Rows
    with pytest.raises(StudyError, match=r"without an image \(Basic Text SR\)"):
        headers(write(dataset, tmp_path / "one.dcm"))


def test_a_deflated_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(tags, "_INFLATED_LIMIT", 1000)
    path = write(
        compressed(image(gradient(64, 64)), uids.DeflatedExplicitVRLittleEndian), tmp_path / "one.dcm"
    )
    with pytest.raises(StudyError, match="inflate"):
        headers(path)


def test_a_malformed_number_of_frames_is_counted_from_the_pixels(tmp_path):
    import numpy as np

    data = to_bytes(image(np.zeros((12, 4, 4), "i2"), frames=True, modality="NM"))
    assert data.count(b"IS\x02\x0012") == 1
    path = tmp_path / "one.dcm"
    path.write_bytes(data.replace(b"IS\x02\x0012", b"IS\x02\x001A"))
    assert len(headers(path)) == 12


def test_nothing_of_a_broken_file_reaches_the_log(tmp_path, caplog):
    dataset = image(patient="Secret^Name", SpecificCharacterSet="NONSENSE")
    data = to_bytes(dataset).replace(b"19650102", b"SECRETDA")
    path = tmp_path / "one.dcm"
    said = []
    with caplog.at_level(logging.DEBUG):
        for end in range(200, len(data), 37):
            path.write_bytes(data[:end])
            try:
                headers(path)
            except StudyError as error:
                said.append(str(error))
    assert said and "secret" not in (caplog.text + "".join(said)).lower()


def test_every_truncation_of_a_file_is_an_image_or_a_sentence():
    data = to_bytes(image(gradient(4, 4), WindowCenter=1, WindowWidth=2))
    outcomes = set()
    for end in range(len(data)):
        try:
            tags.read(io.BytesIO(data[:end]))
            outcomes.add("read")
        except tags.Unreadable as reason:
            outcomes.add(str(reason).split(" (")[0])
    assert {"read", "Empty file"} <= outcomes
