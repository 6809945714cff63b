import shutil

import numpy as np
import pytest

from viewer import resources, verification
from viewer.imaging import window
from viewer.verification import verify


def by_name(checks):
    return {check.name: check for check in checks}


@pytest.fixture(scope="module")
def found():
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


def test_altered_weights_are_found(tmp_path, monkeypatch):
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
    (check,) = verification._windows()
    assert not check.ok and "LINEAR" in check.detail


def test_a_map_shifted_by_more_than_a_stride_is_found(monkeypatch):
    from viewer.explain import heatmap

    honest = heatmap.to_slice
    monkeypatch.setattr(heatmap, "to_slice", lambda cam, mapping: np.roll(honest(cam, mapping), 60, axis=1))
    (check,) = verification._placing()
    assert not check.ok


def test_a_network_that_points_elsewhere_is_found(monkeypatch):
    from viewer.explain import heatmap

    honest = heatmap.to_slice
    monkeypatch.setattr(heatmap, "to_slice", lambda cam, mapping: honest(cam[::-1, ::-1], mapping))
    names = by_name(verification._network())
    assert names["finding on the sample"].ok and not names["map on the sample"].ok
