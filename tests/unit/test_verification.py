import shutil

import numpy as np
import pytest

from viewer import resources
from viewer.imaging import window
from viewer.verification import checks
from viewer.verification.checks import pattern, verify

PATTERN = pattern()


def by_name(checks):
    return {check.name: check for check in checks}


@pytest.fixture(scope="module")
def found(qapp):
    return verify()


def test_every_check_holds_on_this_machine(found):
    assert [check for check in found if not check.ok] == []


def test_the_checks_cover_weights_formulas_geometry_placing_and_the_network(found):
    names = by_name(found)
    for name in (
        "weights of phantom-lesion",
        "window formulas",
        "slice order and distance",
        "orientation",
        "pixel to patient",
        "overlay placing",
        "finding on the sample",
        "map on the sample",
    ):
        assert isinstance(names[name].ok, bool) and names[name].detail


def test_altered_weights_are_found(qapp, tmp_path, monkeypatch):
    shutil.copytree(resources.models() / "phantom-lesion", tmp_path / "phantom-lesion")
    weights = tmp_path / "phantom-lesion" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x7f")
    monkeypatch.setattr(resources, "models", lambda: tmp_path)
    names = by_name(verify())
    assert not names["weights of phantom-lesion"].ok and not names["network on the sample"].ok
    assert names["window formulas"].ok


def test_a_copy_without_its_resources_is_found_and_not_a_crash(tmp_path, monkeypatch):
    monkeypatch.setattr(resources, "models", lambda: tmp_path)
    monkeypatch.setattr(resources, "sample", lambda: tmp_path)
    names = by_name(verify())
    assert not names["models"].ok and not names["geometry of the sample"].ok
    assert not names["network on the sample"].ok


def test_a_wrong_window_formula_is_found(monkeypatch):
    honest = window.apply_window
    monkeypatch.setattr(window, "apply_window", lambda values, chosen: honest(values + 1, chosen))
    (check,) = checks._windows()
    assert not check.ok and "LINEAR" in check.detail


def test_a_map_shifted_by_more_than_a_stride_is_found(monkeypatch):
    from viewer.explain import heatmap

    honest = heatmap.to_slice
    monkeypatch.setattr(heatmap, "to_slice", lambda cam, mapping: np.roll(honest(cam, mapping), 60, axis=1))
    (check,) = checks._placing()
    assert not check.ok


def test_a_network_that_points_elsewhere_is_found(monkeypatch):
    from viewer.explain import heatmap

    honest = heatmap.to_slice
    monkeypatch.setattr(heatmap, "to_slice", lambda cam, mapping: honest(cam[::-1, ::-1], mapping))
    names = by_name(checks._network())
    assert names["finding on the sample"].ok and not names["map on the sample"].ok


def test_a_decoder_that_gives_other_pixels_is_found(monkeypatch):
    monkeypatch.setattr(checks, "pattern", lambda: PATTERN + 1)
    assert [check.ok for check in checks._decoding()] == [False] * len(checks.FILES)


def test_a_file_that_is_missing_is_said(monkeypatch, tmp_path):
    from viewer import resources

    (tmp_path / "rle.dcm").write_bytes((resources.verification() / "rle.dcm").read_bytes())
    monkeypatch.setattr(resources, "verification", lambda: tmp_path)
    found = {check.name: check for check in checks._decoding()}
    assert found["decoding rle"].ok
    assert not found["decoding jpeg-ls"].ok and "missing" in found["decoding jpeg-ls"].detail


def test_every_golden_file_is_encoded_as_its_name_says():
    import pydicom

    from viewer import resources

    wanted = {
        "little-endian": "1.2.840.10008.1.2.1",
        "big-endian": "1.2.840.10008.1.2.2",
        "rle": "1.2.840.10008.1.2.5",
        "jpeg-lossless": "1.2.840.10008.1.2.4.70",
        "jpeg-ls": "1.2.840.10008.1.2.4.80",
        "jpeg-2000": "1.2.840.10008.1.2.4.90",
    }
    for name, syntax in wanted.items():
        header = pydicom.dcmread(resources.verification() / f"{name}.dcm", stop_before_pixels=True)
        assert header.file_meta.TransferSyntaxUID == syntax


def test_the_page_says_each_check_and_the_verdict(qapp):
    from viewer.verification.checks import Check
    from viewer.verification.paper import html, pdf, verification

    good, bad = Check("window <formulas>", True, "11 points"), Check("decoding rle", False, "other pixels")
    found = verification([good, bad])
    assert not found.holds and "1 of 2 checks failed" in found.verdict
    assert "window &lt;formulas&gt;" in html(found) and "FAILED" in html(found)
    assert verification([good]).holds and not verification([]).holds
    assert pdf(found).startswith(b"%PDF-")
