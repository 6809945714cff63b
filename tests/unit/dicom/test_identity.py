"""Nothing that points to a patient is left after masking."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.dicom_factory import image, write
from viewer.dicom.identity import deidentified, masked, pseudonymous_uid, safe_text, short_hash
from viewer.dicom.pixels import load_slice
from viewer.dicom.scan import scan
from viewer.errors import PixelError
from viewer.study import Series

SECRETS = ["SECRETNAME", "SECRETID", "19010203", "SECRETPLACE", "SECRETWORDS", "20200405", "SECRETFILE"]


@pytest.fixture
def series(tmp_path) -> Series:
    dataset = image(
        patient="SECRETNAME^A", PatientID="SECRETID", PatientBirthDate="19010203", PatientAge="099Y",
        InstitutionName="SECRETPLACE", StudyDescription="CT SECRETWORDS", StudyDate="20200405",
        SeriesDescription="SECRETWORDS thin", BodyPartExamined="SECRETWORDS1", ProtocolName="SECRETWORDS",
        WindowCenter=1, WindowWidth=2, WindowCenterWidthExplanation="SECRETWORDS",
        FrameOfReferenceUID="1.2.3.99.4711",
    )  # fmt: skip
    return scan(write(dataset, tmp_path / "SECRETFILE.dcm")).series[0]


def test_the_secrets_are_there_to_begin_with(series):
    assert all(secret in repr(series) for secret in SECRETS)


def test_nothing_that_identifies_is_left_in_a_deidentified_series(series):
    uids = [series.study_instance_uid, series.series_instance_uid, series.slices[0].sop_instance_uid]
    uids.append(series.frame_of_reference)
    left = repr(deidentified(series))
    assert [secret for secret in [*SECRETS, *uids, "099Y"] if secret in left] == []


def test_what_the_image_is_stays(series):
    kept = deidentified(series)
    assert (kept.modality, kept.orientation, len(kept.slices)) == ("CT", "axial", 1)
    assert kept.slices[0].geometry == series.slices[0].geometry


def test_a_deidentified_series_cannot_be_read_back(series):
    with pytest.raises(PixelError):
        load_slice(deidentified(series).slices[0])


def test_a_masked_series_shows_no_identity_and_still_loads(series):
    shown = masked(series)
    words = [shown.patient.name, shown.patient.age, shown.description, shown.study_description,
             shown.institution, shown.study_date, shown.protocol, shown.body_part]  # fmt: skip
    assert words == [""] * len(words)
    assert shown.uid == series.uid and shown.slices == series.slices


def test_series_of_one_frame_of_reference_still_share_one_when_deidentified(series):
    one, other = deidentified(series), deidentified(replace(series, uid="1.2.3", series_instance_uid="1.2.3"))
    assert one.frame_of_reference == other.frame_of_reference != series.frame_of_reference == "1.2.3.99.4711"
    assert deidentified(replace(series, frame_of_reference="")).frame_of_reference == ""


def test_pseudonyms_are_valid_uids_that_stay_the_same(series):
    one = pseudonymous_uid("1.2.840.1")
    assert one == pseudonymous_uid("1.2.840.1") != pseudonymous_uid("1.2.840.2")
    assert one.startswith("2.25.") and len(one) <= 64 and "1.2.840" not in one
    assert pseudonymous_uid("1.2#3") == pseudonymous_uid("1.2") + "#3"
    assert pseudonymous_uid("") == ""


@pytest.mark.parametrize(
    "text",
    [
        "T1 AX POST GD",
        "CT CHEST W/O CONTRAST",
        "ThorAx 5mm",
        "t2_tse_sag 3 mm",
        "X-RAY PA/LAT",
        "",
        "Head 1.25",
    ],
)
def test_words_of_an_examination_stay(text):
    assert safe_text(text) == text


@pytest.mark.parametrize(
    "text", ["CHEST SMITH", "CT 19650102", "knee 555-1234-77", "Dr. Who", "1.2.840.113619.2.5", "腹部 山田"]
)
def test_anything_else_might_be_a_name(text):
    assert safe_text(text) == ""


def test_a_log_names_a_uid_by_a_short_hash():
    assert len(short_hash("1.2.840.1")) == 8
    assert short_hash("1.2.840.1") != short_hash("1.2.840.2")
