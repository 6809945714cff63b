"""SUV by body weight: QIBA's formula, and a reason for every file that does not allow it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pydicom.dataset import Dataset

from tests.support.dicom_factory import gradient, pet, write
from viewer.dicom.pixels import load_slice
from viewer.dicom.scan import headers
from viewer.dicom.suv import NoSuv, suv_factor

HALF_LIFE = 6586.2
ONE_HOUR = 70 * 1000 / (370e6 * 2 ** (-3600 / HALF_LIFE))
"""70 kg in g, over 370 MBq an hour later."""
UNKNOWN = "the start of the scan is unknown"


def reason(dataset: Dataset) -> str:
    with pytest.raises(NoSuv) as failure:
        suv_factor(dataset)
    return str(failure.value)


def test_activity_becomes_suv_by_weight_and_the_dose_left_at_the_scan():
    assert suv_factor(pet()) == pytest.approx(ONE_HOUR, rel=1e-12)
    by_hand = 70000 / (370e6 * 0.684633)  # 2 ** -(3600 / 6586.2) by a pocket calculator
    assert suv_factor(pet()) == pytest.approx(by_hand, rel=1e-5)


def test_a_slice_has_its_factor_and_keeps_its_modality_values(tmp_path):
    (header,) = headers(write(pet(gradient().astype("u2")), tmp_path / "pet.dcm"))
    view = load_slice(header)
    assert view.suv == pytest.approx(ONE_HOUR) and view.no_suv == ""
    assert np.array_equal(view.values, gradient() * 2) and header.unit == "Bq/ml"


def test_values_decayed_to_the_injection_need_no_time():
    admin = pet(DecayCorrection="ADMIN", tracer={"RadiopharmaceuticalStartTime": None}, SeriesTime=None)
    assert suv_factor(admin) == pytest.approx(70 * 1000 / 370e6)


def test_an_injection_before_midnight_is_that_of_the_day_before():
    late = pet(
        SeriesTime="003000",
        AcquisitionTime="003000",
        tracer={"RadiopharmaceuticalStartTime": "233000"},
    )
    assert suv_factor(late) == pytest.approx(ONE_HOUR)


def test_the_date_and_time_of_injection_come_before_the_time_alone():
    dated = pet(
        tracer={
            "RadiopharmaceuticalStartDateTime": "20260111090000",
            "RadiopharmaceuticalStartTime": "093000",
        }
    )
    assert suv_factor(dated) == pytest.approx(70 * 1000 / (370e6 * 2 ** (-25 * 3600 / HALF_LIFE)))


@pytest.mark.parametrize(
    ("start", "zone", "hours"),
    [
        ("20260112090000.500000+0000", "+0100", -0.5 / 3600),  # 09:00 UTC and a half second is 10:00 here
        ("20260112080000+0000", "+0100", 1),
        ("20260112120000+0300", "+0000", 1),
        ("20260112090000+0700", None, 1),  # the scan's zone is unknown: local time, as it stands
        ("202601120900", None, 1),
    ],
)
def test_zones_count_where_both_times_have_one(start, zone, hours):
    dataset = pet(TimezoneOffsetFromUTC=zone, tracer={"RadiopharmaceuticalStartDateTime": start})
    if hours < 0:
        assert reason(dataset) == "injection time beyond reason"
    else:
        assert suv_factor(dataset) == pytest.approx(70 * 1000 / (370e6 * 2 ** (-hours * 3600 / HALF_LIFE)))


def test_a_series_written_after_the_scan_takes_the_scanners_own_time():
    processed = pet(SeriesTime="150000", AcquisitionTime="100800")
    block = processed.private_block(0x0009, "GEMS_PETD_01", create=True)
    block.add_new(0x0D, "DT", "20260112100000.00")
    assert suv_factor(processed) == pytest.approx(ONE_HOUR)


def test_a_series_written_after_the_scan_goes_back_from_the_time_of_the_average_count_rate():
    """QIBA: start = acquisition - frame reference time + average count rate time within the frame."""
    minutes = 20  # after the start of the scan, of a frame of 30 min: the average lies before its middle
    lost = math.log(2) / HALF_LIFE * 1800
    average = math.log(lost / (1 - math.exp(-lost))) / (math.log(2) / HALF_LIFE)
    assert 800 < average < 900
    processed = pet(
        SeriesTime="150000",
        AcquisitionTime="102000",
        FrameReferenceTime=(minutes * 60 + average) * 1000,
        ActualFrameDuration=1800 * 1000,
    )
    assert suv_factor(processed) == pytest.approx(ONE_HOUR, rel=1e-9)


def test_counts_of_philips_have_factors_of_their_own():
    direct = pet(Units="CNTS")
    block = direct.private_block(0x7053, "Philips PET Private Group", create=True)
    block.add_new(0x00, "DS", "0.000345")
    assert suv_factor(direct) == 0.000345
    scaled = pet(Units="CNTS")
    block = scaled.private_block(0x7053, "Philips PET Private Group", create=True)
    block.add_new(0x00, "DS", "0")
    block.add_new(0x09, "DS", "1.5")
    assert suv_factor(scaled) == pytest.approx(1.5 * ONE_HOUR)


def test_philips_factors_survive_implicit_vr(tmp_path):
    from pydicom import uid as uids

    dataset = pet(Units="CNTS")
    block = dataset.private_block(0x7053, "Philips PET Private Group", create=True)
    block.add_new(0x00, "DS", "0.000345")
    dataset.file_meta.TransferSyntaxUID = uids.ImplicitVRLittleEndian
    (header,) = headers(write(dataset, tmp_path / "pet.dcm"))
    assert load_slice(header).suv == 0.000345 and header.unit == "counts"


def test_values_that_are_suv_stay_as_they_are_if_it_is_by_weight(tmp_path):
    assert suv_factor(pet(Units="GML")) == suv_factor(pet(Units="GML", SUVType="BW")) == 1.0
    lean = pet(Units="GML", SUVType="LBM")
    assert "another measure" in reason(lean)
    (header,) = headers(write(lean, tmp_path / "pet.dcm"))
    assert header.unit == "SUV LBM" and load_slice(header).suv is None


@pytest.mark.parametrize(
    ("attributes", "tracer", "why"),
    [
        ({"Units": "CNTS"}, {}, "the values are counts"),
        ({"Units": "PROPCPS"}, {}, "the values are no activity concentration"),
        ({"Units": None}, {}, "the values are no activity concentration"),
        ({"CorrectedImage": ["DECY"]}, {}, "not corrected for attenuation"),
        ({"CorrectedImage": ["ATTN"]}, {}, "not corrected for decay"),
        ({"CorrectedImage": None}, {}, "not corrected for attenuation"),
        ({"DecayCorrection": "NONE"}, {}, "the time it is decayed to is unknown"),
        ({"DecayCorrection": None}, {}, "the time it is decayed to is unknown"),
        ({"RadiopharmaceuticalInformationSequence": None}, {}, "no radiopharmaceutical"),
        ({"PatientWeight": None}, {}, "no patient weight"),
        ({"PatientWeight": 0}, {}, "no patient weight"),
        ({"PatientWeight": 70000}, {}, "patient weight beyond reason"),
        ({}, {"RadionuclideTotalDose": None}, "no injected dose"),
        ({}, {"RadionuclideTotalDose": 0}, "no injected dose"),
        ({}, {"RadionuclideTotalDose": 370}, "injected dose beyond reason"),
        ({}, {"RadionuclideTotalDose": -370e6}, "injected dose beyond reason"),
        ({}, {"RadionuclideHalfLife": None}, "no half life"),
        ({}, {"RadionuclideHalfLife": 1}, "half life beyond reason"),
        ({}, {"RadiopharmaceuticalStartTime": None}, "no injection time"),
        ({}, {"RadiopharmaceuticalStartTime": "soon"}, "no injection time"),
        ({}, {"RadiopharmaceuticalStartDateTime": "20260113090000"}, "injection time beyond reason"),
        ({}, {"RadiopharmaceuticalStartDateTime": "19260112090000"}, "injection time beyond reason"),
        ({}, {"RadionuclideHalfLife": 282000}, "no injection date"),  # zirconium-89, days after injection
        ({"SeriesTime": "110000"}, {}, UNKNOWN),
        ({"SeriesDate": None}, {}, UNKNOWN),
        ({"SeriesTime": "110000", "FrameReferenceTime": 1e300, "ActualFrameDuration": 1000}, {}, UNKNOWN),
        ({"SeriesDate": "00010101", "AcquisitionDate": "00010101"}, {}, "no injection time"),
        ({"AcquisitionTime": None}, {}, "no acquisition time"),
        ({"AcquisitionDate": "20269999"}, {}, "no acquisition time"),
    ],
)
def test_what_is_missing_or_absurd_gives_a_reason_and_no_suv(tmp_path, attributes, tracer, why):
    dataset = pet(tracer=tracer, **attributes)
    assert reason(dataset) == why
    (header,) = headers(write(dataset, tmp_path / "pet.dcm"))
    view = load_slice(header)
    assert (view.suv, view.no_suv) == (None, why)


def test_only_pet_has_or_lacks_an_suv(tmp_path):
    (header,) = headers(write(pet(modality="NM"), tmp_path / "nm.dcm"))
    view = load_slice(header)
    assert (view.suv, view.no_suv) == (None, "")
