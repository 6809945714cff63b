"""All attributes of a file as rows: what is whole of a broken one, and nothing that identifies if hidden."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from pydicom import uid as uids
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.support.dicom_factory import compressed, enhanced, gradient, image, item, to_bytes, write
from viewer.dicom import tag_table
from viewer.dicom.tag_table import HIDDEN, read_tags
from viewer.errors import StudyError
from viewer.study import Source


@pytest.fixture
def rows(tmp_path):
    """The rows of a dataset, or of bytes."""

    def rows(dataset, **options):
        path = tmp_path / "one.dcm"
        path.write_bytes(dataset if isinstance(dataset, bytes) else to_bytes(dataset))
        return read_tags(Source(path), **options)

    return rows


def found(rows, tag):
    (row,) = [row for row in rows if row.tag == tag]
    return row


def test_an_attribute_has_its_name_kind_and_value(rows):
    row = found(rows(image(patient="Müller^Jörg")), "(0010,0010)")
    assert (row.level, row.name, row.vr, row.value) == (0, "Patient's Name", "PN", "Müller^Jörg")


@pytest.mark.parametrize(
    "syntax",
    [uids.ImplicitVRLittleEndian, uids.ExplicitVRBigEndian, uids.DeflatedExplicitVRLittleEndian,
     uids.RLELossless],
)  # fmt: skip
def test_every_syntax_gives_the_same_attributes(rows, syntax):
    plain = rows(image(gradient(16, 16), WindowCenter=40))
    other = rows(compressed(image(gradient(16, 16), WindowCenter=40), syntax))

    def table(rows):
        return [(row.tag, row.name, row.value) for row in rows if row.tag[1:5] not in ("0002", "7FE0")]

    assert table(other) == table(plain)


def test_pixels_are_told_by_their_size(rows):
    assert rows(image(gradient(16, 12)))[-1].value == "(384 bytes)"
    assert rows(compressed(image(gradient(16, 12)), uids.RLELossless))[-1].value == "(compressed)"


def test_a_uid_is_named_where_it_has_a_name(rows):
    assert found(rows(image()), "(0008,0016)").value.endswith("= CT Image Storage")


def test_sequences_are_levels(rows):
    inner = item(CodeValue="1", CodeMeaning="one")
    shown = rows(image(AnatomicRegionSequence=item(CodeValue="2", AnatomicRegionModifierSequence=inner)))
    at = [row.tag for row in shown].index("(0008,2218)")
    assert [(row.level, row.tag or row.name) for row in shown[at : at + 7]] == [
        (0, "(0008,2218)"),
        (1, "Item 1"),
        (2, "(0008,0100)"),
        (2, "(0008,2220)"),
        (3, "Item 1"),
        (4, "(0008,0100)"),
        (4, "(0008,0104)"),
    ]
    assert shown[at].value == "(1 item)"


def test_long_things_are_shortened(rows):
    dataset = image(ImageComments="x" * 5000, SmallestImagePixelValue=None)
    dataset.add_new(0x00091010, "US", list(range(3000)))
    dataset.RequestAttributesSequence = Sequence([Dataset() for _ in range(80)])
    shown = rows(dataset)
    assert found(shown, "(0020,4000)").value.endswith("… (5000 characters)")
    assert found(shown, "(0009,1010)").value.endswith("… (3000 values)")
    assert sum(row.name.startswith("Item ") for row in shown) == tag_table.MAX_ITEMS
    assert any(row.value == "(30 more items are not listed)" for row in shown)


def test_no_file_makes_more_rows_than_can_be_shown(rows, monkeypatch):
    monkeypatch.setattr(tag_table, "MAX_ROWS", 20)
    shown = rows(image())
    assert len(shown) <= 22 and "More than 20 attributes" in shown[-1].value


def test_sequences_without_end_are_not_followed(rows):
    deep = Dataset()
    for _ in range(60):
        outer = Dataset()
        outer.RequestAttributesSequence = Sequence([deep])
        deep = outer
    dataset = image()
    dataset.RequestAttributesSequence = Sequence([deep])
    assert max(row.level for row in rows(dataset)) <= 2 * tag_table.MAX_DEPTH + 1


def test_private_attributes_are_listed_with_their_creator(rows):
    dataset = image()
    block = dataset.private_block(0x0019, "GEMS_ACQU_01", create=True)
    block.add_new(0x15, "SS", 7)
    block = dataset.private_block(0x0021, "NOBODY KNOWS", create=True)
    block.add_new(0x01, "LO", "free text")
    shown = rows(dataset)
    assert found(shown, "(0019,1015)").name.startswith("GEMS_ACQU_01: ")
    assert found(shown, "(0019,1015)").value == "7"
    assert found(shown, "(0021,0010)").name == "Private Creator"
    assert (found(shown, "(0021,1001)").name, found(shown, "(0021,1001)").value) == (
        "Private (NOBODY KNOWS)",
        "free text",
    )


def test_of_the_groups_of_all_frames_those_of_the_frame_are_listed(rows):
    dataset = enhanced(np.zeros((3, 4, 4), "i2"), [(0, 0, z) for z in (1, 2, 3)])
    shown = rows(dataset, frame=1)
    assert found(shown, "(5200,9230)").value == "(3 items, one a frame)"
    assert found(shown, "(0020,0032)").value == "0.0\\0.0\\2.0"


def test_what_may_identify_is_hidden(rows):
    dataset = image(OtherPatientIDsSequence=item(PatientID="NESTED"), PatientSpeciesDescription=None)
    dataset.private_block(0x0021, "SECRET CREATOR", create=True).add_new(0x01, "LO", "SECRET")
    dataset.add_new(0x00080999, "LO", "SECRET")  # in no dictionary
    shown = rows(dataset, deidentified=True)
    for tag in ("(0010,0010)", "(0010,0020)", "(0008,0018)", "(0008,0020)", "(0010,1002)", "(0021,0010)",
                "(0021,1001)", "(0008,0999)"):  # fmt: skip
        assert found(shown, tag).value == HIDDEN
    text = repr(shown)
    assert "SECRET" not in text and "NESTED" not in text and "Doe" not in text
    assert found(shown, "(0008,0060)").value == "CT"


def test_of_a_file_that_is_cut_off_the_rest_is_shown(rows):
    data = to_bytes(image(patient="Doe^Jane"))
    whole = rows(data)
    shown = rows(data[: data.index(b"Doe^Jane") + 4])
    assert shown[-1].value == "The file is cut off within (0010,0010)."
    assert shown[: len(shown) - 2] == whole[: len(shown) - 2]


def test_of_a_damaged_file_what_comes_before_is_shown(rows):
    dataset = image(patient="Doe^Jane", PatientID=None)
    dataset.add_new(0x00102000, "UT", "alerts")
    data = bytearray(to_bytes(dataset))
    at = data.index(b"\x10\x00\x00\x20UT") + 8
    data[at : at + 4] = b"\xff\xff\xff\xff"  # a value of undefined length, and no delimiter
    shown = rows(bytes(data))
    assert found(shown, "(0010,0010)").value == "Doe^Jane"
    assert shown[-1].value == "The file is damaged at (0010,2000): nothing after it can be read."


def test_every_truncation_is_rows_or_a_sentence(rows):
    data = to_bytes(image(gradient(4, 4), RequestAttributesSequence=item(ScheduledProcedureStepID="1")))
    for end in range(0, len(data), 3):
        with contextlib.suppress(StudyError):
            assert all(isinstance(row.value, str) for row in rows(data[:end]))


def test_values_that_are_not_what_they_claim_survive(rows):
    data = to_bytes(image(WindowCenter=40)).replace(
        b"\x28\x00\x10\x00US\x02\x00", b"\x28\x00\x10\x00FD\x02\x00"
    )
    assert found(rows(data), "(0028,0010)").value == "(cannot be read: 2 bytes)"


def test_what_is_no_dicom_is_said(tmp_path):
    path = tmp_path / "letter.txt"
    path.write_text("Dear colleague, thank you for sending this patient to us. " * 5)
    with pytest.raises(StudyError, match="Not a DICOM file"):
        read_tags(Source(path))
    with pytest.raises(StudyError, match="cannot be read"):
        read_tags(Source(tmp_path / "nowhere"))


def test_a_member_of_an_archive_is_read(tmp_path):
    from tests.support.dicom_factory import write_zip

    archive = write_zip(tmp_path / "a.zip", [("x/one.dcm", to_bytes(image()))])
    assert read_tags(Source(archive, "x/one.dcm")) == read_tags(Source(write(image(), tmp_path / "one.dcm")))
