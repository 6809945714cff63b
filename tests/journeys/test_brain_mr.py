"""Val slices as a scanner would send them: the overlay must sit on the tumour, on screen and on paper."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from PIL import Image

from tests.support import dicom_factory
from tests.support.shared_data import shared_data
from viewer import cli

PER_LABEL = 4
NAMES = {"meningioma": "meningioma", "glioma": "glioma", "pituitary": "pituitary tumour"}


@pytest.fixture(scope="module")
def cases():
    """Rows of labels.csv: a few val slices of each tumour, spread over the set."""
    folder = shared_data("brain-tumour")
    with open(folder / "labels.csv", newline="") as file:
        val = [row for row in csv.DictReader(file) if row["split"] == "val"]
    chosen = []
    for label in NAMES:
        rows = [row for row in val if row["label"] == label]
        chosen += rows[:: len(rows) // PER_LABEL][:PER_LABEL]
    return folder, chosen


@pytest.fixture(scope="module")
def study(cases, tmp_path_factory):
    """The slices as one series of 16-bit MR, 0.94 mm pixels, values unlike those of the PNG."""
    folder, rows = cases
    out = tmp_path_factory.mktemp("mr")
    for number, row in enumerate(rows):
        grey = np.asarray(Image.open(folder / "images" / row["file"]).convert("L")).astype(np.uint16)
        dataset = dicom_factory.image(
            grey * 9 + 11,
            modality="MR",
            spacing=(0.9375, 0.9375),
            position=(-120.0, -120.0, -6.0 * number),
            instance=number + 1,
            BodyPartExamined="BRAIN",
            SeriesDescription="AX T1 POST",
        )
        dataset.save_as(out / f"IM{number:04d}", enforce_file_format=True)
    return out


def hits(maps, rows):
    """Whether each map's maximum lies in the tumour box of its row."""
    found = []
    for heat, row in zip(maps, rows, strict=True):
        peak_row, peak_col = np.unravel_index(int(heat.argmax()), heat.shape)
        cx, cy, w, h = (float(row[k]) * heat.shape[0] for k in ("cx", "cy", "w", "h"))
        found.append(abs(peak_col + 0.5 - cx) <= w / 2 and abs(peak_row + 0.5 - cy) <= h / 2)
    return np.array(found)


@pytest.mark.shared_data
def test_on_mr_dicom_the_network_names_the_tumour_and_points_at_it(cases, study, tmp_path, capsys):
    rows = cases[1]
    out = tmp_path / "brain.npz"
    status = cli.run(
        ["explain", str(study), "--slice", "all", "--model", "brain-tumour-mri", "--out", str(out), "--json"]
    )
    assert status == 0, capsys.readouterr().err
    arrays = np.load(out)
    labels = json.loads(str(arrays["provenance"]))["labels"]
    said = [labels[index] for index in arrays["probability"].argmax(axis=1)]
    assert np.mean([NAMES[row["label"]] == name for row, name in zip(rows, said, strict=True)]) >= 0.75
    assert hits(arrays["heatmap/block4"], rows).mean() >= 0.6


@pytest.mark.shared_data
def test_on_the_report_the_hottest_colour_lies_on_the_tumour(cases, study, tmp_path, capsys):
    rows = cases[1]
    out = tmp_path / "brain.npz"
    base = [str(study), "--model", "brain-tumour-mri", "--target", NAMES[rows[0]["label"]]]
    assert cli.run(["explain", *base, "--slice", "1", "--out", str(out), "--json"]) == 0
    heat = np.load(out)["heatmap/block4"][0]
    plain, warm = tmp_path / "plain.png", tmp_path / "warm.png"
    for path, opacity in ((plain, "0"), (warm, "0.6")):
        assert cli.run(["report", *base, "--slice", "1", "--opacity", opacity, "--out", str(path)]) == 0
    capsys.readouterr()
    change = np.abs(
        np.asarray(Image.open(warm).convert("RGB")).astype(int) - np.asarray(Image.open(plain).convert("RGB"))
    ).sum(axis=2)
    change = change[: int(change.shape[0] * 0.64)]  # the pictures, not the text below them
    ys, xs = np.nonzero(change > 30)
    # The right-hand picture is square and ends at the page's right margin; so is the slice.
    page_width = change.shape[1]
    assert xs.min() > page_width / 2, "the overlay is drawn on the right-hand picture only"
    side, left, top = picture_on_page(plain)
    centre_col = (xs.mean() - left) / side * heat.shape[1]
    centre_row = (ys.mean() - top) / side * heat.shape[0]
    drawn = heat >= 0.15 * heat.max()
    rows_drawn, cols_drawn = np.nonzero(drawn)
    assert abs(centre_col - cols_drawn.mean()) < 12
    assert abs(centre_row - rows_drawn.mean()) < 12


def picture_on_page(path):
    """(side, left, top) of the right-hand picture: the black square on the white page."""
    page = np.asarray(Image.open(path).convert("L"))
    dark = page[:, page.shape[1] * 3 // 4] < 100
    top = int(np.argmax(dark))
    row = page[top + 40] < 100
    right = len(row) - int(np.argmax(row[::-1]))
    left = len(row) // 2 + int(np.argmax(row[len(row) // 2 :]))
    return right - left, left, top
