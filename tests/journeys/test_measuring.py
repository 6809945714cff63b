"""Figures of marks from the file to the view: against the tags and the pixels as pydicom reads them."""

import math

import numpy as np
import pydicom
import pytest

from tests.support import dicom_factory
from viewer.study import Window

COSINES = (0.96, 0.28, 0.0, -0.168, 0.576, 0.8)
"""Oblique: neither rows nor columns lie along an axis of the patient."""
SPACING = (0.8, 0.5)


@pytest.fixture
def oblique(tmp_path):
    """Two series of one frame of reference: three slices 4 mm apart, and nine, 1 mm apart."""
    pixels = np.random.default_rng(3).integers(0, 3000, (9, 48, 56)).astype(np.int16)
    place = {"orientation": COSINES, "spacing": SPACING, "origin": (-40.0, 12.5, 300.0)}
    shared = {**place, "pixels": pixels, "FrameOfReferenceUID": "1.2.9"}
    folder = tmp_path / "study"
    values = {"RescaleSlope": 2, "RescaleIntercept": -1024}
    dicom_factory.write_series(folder, 3, gap=4.0, series="thick", **values, **shared)
    dicom_factory.write_series(folder, 9, gap=1.0, series="thin", SeriesNumber=2, prefix="t", **shared)
    return folder


def file_of(folder, header):
    found = [pydicom.dcmread(path) for path in folder.iterdir()]
    return next(one for one in found if one.SOPInstanceUID == header.sop_instance_uid)


def figures(shown):
    statistics = shown.statistics.figures if shown.statistics is not None else ()
    return {one.name: one for one in (*shown.figures, *statistics)}


def draw(reader, kind, points):
    """The mark on the screen, once all its figures are known."""
    new = reader.controller.marks.add(kind, points)

    def shown():
        return next(one for one in reader.screen.view.marks if one.mark.id == new)

    reader.wait(lambda: not shown().mark.is_region or shown().statistics is not None)
    return shown


def test_a_length_is_that_of_the_tags_of_the_file(reader, oblique):
    reader.open(oblique)
    reader.sees_slice(0)
    length = draw(reader, "length", [(10.5, 7.25), (40.0, 33.5)])()
    tags = file_of(oblique, reader.screen.view.header)
    row, col = (
        np.array(tags.ImageOrientationPatient[:3], float),
        np.array(tags.ImageOrientationPatient[3:], float),
    )
    down, across = map(float, tags.PixelSpacing)
    ends = [
        np.array(tags.ImagePositionPatient, float) + (x - 0.5) * across * row + (y - 0.5) * down * col
        for x, y in length.points
    ]
    assert np.allclose(length.mark.points, ends, atol=1e-6)
    assert figures(length)["Length"].value == pytest.approx(math.dist(*ends), abs=1e-6)
    assert (figures(length)["Length"].unit, figures(length)["Length"].source) == ("mm", "PixelSpacing")


def test_a_region_is_measured_in_the_modality_values_of_the_file_whatever_the_window(reader, oblique):
    reader.open(oblique)
    reader.sees_slice(0)
    shown = draw(reader, "rectangle", [(10.0, 8.0), (30.0, 8.0), (30.0, 21.0), (10.0, 21.0)])
    tags = file_of(oblique, reader.screen.view.header)
    inside = tags.pixel_array[8:21, 10:30].astype(float) * 2 - 1024
    before = shown()
    wanted = {"Pixels": 260, "Mean": inside.mean(), "SD": inside.std(), "Median": np.median(inside)}
    wanted |= {"Minimum": inside.min(), "Maximum": inside.max()}
    wanted |= {"Area": 20 * 0.5 * 13 * 0.8, "Perimeter": 2 * (20 * 0.5 + 13 * 0.8)}
    assert {name: one.value for name, one in figures(before).items()} == pytest.approx(wanted)
    assert figures(before)["Mean"].unit == "HU" and figures(before)["Area"].unit == "mm²"
    reader.controller.toggle_invert()
    reader.controller.set_window(Window(10.0, 50.0))
    assert shown() is before, "a window is no reason to measure again"


def test_with_a_heatmap_a_region_says_how_much_of_it_lies_inside(reader, oblique, bundle):
    reader.open(oblique)
    reader.controller.add_model(bundle)
    reader.analyse()
    reader.controller.go_to(0)
    reader.wait(lambda: reader.screen.view.heatmap is not None and reader.screen.view.index == 0)
    shown = draw(reader, "rectangle", [(10.0, 8.0), (30.0, 8.0), (30.0, 21.0), (10.0, 21.0)])
    reader.wait(lambda: shown().statistics is not None)
    heat = np.maximum(reader.screen.view.heatmap.values, 0)
    found = figures(shown())
    if heat.max() == 0:
        assert "Heat inside" not in found and shown().statistics.notes
    else:
        hot, region = heat >= heat.max() / 2, np.zeros(heat.shape, bool)
        region[8:21, 10:30] = True
        assert found["Heat inside"].value == pytest.approx(heat[region].sum() / heat.sum(), rel=1e-4)
        assert found["IoU at half maximum"].value == pytest.approx(
            (hot & region).sum() / (hot | region).sum()
        )
        assert found["Heat inside"].chance == pytest.approx(region.mean())
    reader.do("overlay.toggle")
    reader.wait(lambda: shown().statistics is not None and "Heat inside" not in figures(shown()))


def test_in_another_series_a_mark_shows_within_half_a_slice_spacing(reader, oblique):
    reader.open(oblique)
    reader.controller.go_to(1)
    reader.sees_slice(1)
    mark = draw(reader, "length", [(10.5, 7.25), (40.0, 33.5)])().mark
    reader.controller.step_series(1)
    shown = []
    for index in range(9):
        reader.controller.go_to(index)
        reader.sees_slice(index)
        shown += [
            (index, one.faint, one.points) for one in reader.screen.view.marks if one.mark.id == mark.id
        ]
    assert len(shown) == 1 and shown[0][1], "1 mm apart: on the one slice at its place, faintly"
    assert np.allclose(shown[0][2], [(10.5, 7.25), (40.0, 33.5)], atol=1e-4)
