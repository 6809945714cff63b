"""Every DICOM file of the shared data: an image that equals an independent decoding, or a sentence."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests import references
from tests.support.shared_data import shared_data
from viewer.dicom.pixels import load_slice, stored_values
from viewer.dicom.scan import headers, scan
from viewer.errors import StudyError
from viewer.imaging.window import to_grey

pytestmark = pytest.mark.shared_data


def listed() -> list[dict[str, str]]:
    with open(shared_data("dicom", "MANIFEST.csv"), newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize("part", range(8))
def test_every_file_gives_the_pixels_of_independent_decoders_or_a_listed_reason(part):
    shared_data("dicom", "MANIFEST.csv")
    summary = references.Summary([references.compare(path) for path in references.shared_files()[part::8]])
    print(summary.text())
    assert summary.wrong == []
    verdicts = Counter(outcome.verdict for outcome in summary.outcomes)
    assert verdicts[references.EQUAL] > 60 and verdicts[references.ALONE] < 5


def test_every_image_is_drawn_and_what_is_skipped_holds_none():
    for row in listed():
        path = shared_data("dicom", row["path"])
        try:
            header = headers(path)[0]
        except StudyError:
            drawable = row["decode"] == "ok"
        else:
            drawable = False
            if path.name not in references.EXPLAINED:
                assert to_grey(load_slice(header)).shape == (header.rows, header.cols), row["path"]
        assert not drawable, row["path"]


@pytest.mark.parametrize("syntax", ["2_4", "6_8", "10_12"])
def test_twelve_bit_and_progressive_jpeg_give_the_hounsfield_values_of_the_original(syntax):
    folder = shared_data("dicom", "cornerstone3D/packages/dicomImageLoader/examplesOld/test-images")
    (original,) = folder.glob("CTImage.dcm_LittleEndianExplicit*.dcm")
    (lossy,) = folder.glob(f"CTImage.dcm_JPEGProcess{syntax}TransferSyntax*.dcm")
    expected = load_slice(headers(original)[0]).values.astype(float)
    difference = np.abs(load_slice(headers(lossy)[0]).values - expected)
    assert np.percentile(difference, 99) < 60 and difference.mean() < 12


@pytest.mark.parametrize("native", ["liver", "liver_nonbyte_aligned"])
@pytest.mark.parametrize("syntax", ["rle", "deflate", "j2k"])
def test_compressed_one_bit_frames_equal_the_native_ones(native, syntax):
    folder = shared_data("dicom", "pydicom-data/data_store/data")
    planes = headers(folder / f"{native}_{syntax}.dcm")
    expected = [stored_values(header) for header in headers(folder / f"{native}.dcm")]
    assert np.array_equal([stored_values(header) for header in planes], expected)
    assert np.sum(expected) > 0


def test_the_chest_ct_is_one_series_from_head_to_feet_in_hounsfield_units():
    (series,) = scan(shared_data("dicom", "dash-vtk")).series
    z = [header.geometry.position[2] for header in series.slices]
    assert len(z) == 30 and z == sorted(z, reverse=True)
    assert np.diff(z) == pytest.approx([-8] * 29)
    assert series.orientation == "axial"
    middle = load_slice(series.slices[15])
    assert middle.header.unit == "HU" and middle.values.dtype == np.int16
    assert middle.values.min() <= -1000 and middle.values.max() > 500


def test_the_head_ct_whose_files_are_out_of_order_is_in_order():
    (series,) = scan(shared_data("dicom", "slicer")).series
    z = [header.geometry.position[2] for header in series.slices]
    names = [header.source.path.name for header in series.slices]
    assert len(z) == 93 and z == sorted(z, reverse=True)
    assert names != sorted(names) and names != sorted(names, reverse=True)


def test_monochrome1_radiographs_are_shown_the_right_way_round():
    seen = 0
    for row in listed():
        if row["photometric"] != "MONOCHROME1" or row["decode"] != "ok":
            continue
        view = load_slice(headers(shared_data("dicom", row["path"]))[0])
        grey = to_grey(view).astype(float)
        assert view.inverted
        assert np.corrcoef(grey.ravel(), view.values.ravel().astype(float))[0, 1] < 0, row["path"]
        seen += 1
    assert seen >= 5


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("chrX1.dcm", "Wang^XiaoDong · 王^小東"),
        ("chrH31.dcm", "Yamada^Tarou · 山田^太郎 · やまだ^たろう"),
        ("chrI2.dcm", "Hong^Gildong · 洪^吉洞 · 홍^길동"),
        ("chrFren.dcm", "Buc^Jérôme"),
        ("chrGerm.dcm", "Äneas^Rüdiger"),
        ("chrGreek.dcm", "Διονυσιος"),
        ("chrRuss.dcm", "Люкceмбypг"),
        ("chrHbrw.dcm", "שרון^דבורה"),
        ("chrArab.dcm", "قباني^لنزار"),
    ],
)
def test_patient_names_show_in_all_their_scripts(name, shown):
    path = shared_data("dicom", "pydicom/src/pydicom/data/charset_files", name)
    assert scan(path).series[0].patient.name == shown


def test_a_scan_of_everything_names_every_file_once():
    root = shared_data("dicom")
    result = scan(root)
    shown = {header.source.path for series in result.series for header in series.slices}
    skipped = Counter(one.path for one in result.skipped)
    assert not shown & {Path(path) for path in skipped}
    assert max(skipped.values()) == 1
    files = {path for path in root.rglob("*") if path.is_file()}
    assert shown | {Path(path) for path in skipped} == files
    assert len({series.uid for series in result.series}) == len(result.series)
