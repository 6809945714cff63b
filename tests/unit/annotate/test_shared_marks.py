"""Figures of marks on real studies, against SimpleITK's own reading of the files."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from tests.support.mark_factory import make_mark
from tests.support.shared_data import shared_data
from viewer.annotate.measure import figures
from viewer.annotate.placing import to_mark
from viewer.annotate.statistics import region_statistics
from viewer.dicom.pixels import load_slice
from viewer.dicom.scan import headers

pytestmark = pytest.mark.shared_data

FILES = [
    "dash-vtk/demos/data/ct_lung/1-01.dcm",
    "dash-vtk/demos/data/ct_lung/1-16.dcm",
    "dcm_qa_nih/In/20180918Si/mr_0003/epi_pe_ap-00001.dcm",
    "slicer/Testing/Data/Input/CTHeadAxialDicom/CTHead34.dcm",
]


def opened(name: str):
    """(our slice, SimpleITK's image in the plane) of one file."""
    import SimpleITK

    path: Path = shared_data("dicom", name)
    (header,) = headers(path)
    return load_slice(header), SimpleITK.ReadImage(str(path))


@pytest.mark.parametrize("name", FILES)
def test_statistics_equal_those_of_simpleitk(name):
    import SimpleITK

    shown, image = opened(name)
    rows, cols = shown.values.shape
    x, y, a, b = cols * 0.47, rows * 0.55, cols * 0.31, rows * 0.22
    down, across = np.mgrid[:rows, :cols] + 0.5
    label = (((across - x) / a) ** 2 + ((down - y) / b) ** 2 < 1).astype(np.uint8)
    labels = SimpleITK.GetImageFromArray(label.reshape(SimpleITK.GetArrayViewFromImage(image).shape))
    labels.CopyInformation(image)
    filter = SimpleITK.LabelStatisticsImageFilter()
    filter.Execute(image, labels)
    found = region_statistics("ellipse", [(x - a, y), (x + a, y), (x, y - b), (x, y + b)], shown)
    by_name = {one.name: one.value for one in found.figures}
    count = filter.GetCount(1)
    assert by_name == pytest.approx(
        {
            "Pixels": count,
            "Mean": filter.GetMean(1),
            "SD": filter.GetSigma(1) * math.sqrt((count - 1) / count),  # it divides by one less
            "Minimum": filter.GetMinimum(1),
            "Maximum": filter.GetMaximum(1),
            "Median": float(np.median(SimpleITK.GetArrayFromImage(image).reshape(rows, cols)[label > 0])),
        },
        rel=1e-9,
    )


@pytest.mark.parametrize("name", FILES)
def test_points_and_lengths_equal_those_of_simpleitk(name):
    shown, image = opened(name)
    points = [(10.25, 20.5), (180.0, 133.75), (60.5, 240.125)]
    there = [image.TransformContinuousIndexToPhysicalPoint((px - 0.5, py - 0.5, 0)) for px, py in points]
    assert np.allclose(to_mark(points, shown.header)[1], there, atol=1e-4)
    mark = make_mark("length", points[:2], shown.header)
    (length,) = figures(mark, points[:2], shown.header)
    assert length.value == pytest.approx(math.dist(*there[:2]), rel=1e-6) and length.unit == "mm"
    mark = make_mark("polygon", points, shown.header)
    a, b, c = np.array(there)
    area = figures(mark, points, shown.header)[0]
    assert area.value == pytest.approx(np.linalg.norm(np.cross(b - a, c - a)) / 2, rel=1e-6)
