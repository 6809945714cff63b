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
LABELS = ("meningioma", "glioma", "pituitary")


@pytest.fixture(scope="module")
def cases():
    """Rows of labels.csv: a few val slices of each tumour, spread over the set."""
    folder = shared_data("brain-tumour")
    with open(folder / "labels.csv", newline="") as file:
        val = [row for row in csv.DictReader(file) if row["split"] == "val"]
    chosen = []
    for label in LABELS:
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


def explained(study, out, *more):
    status = cli.run(
        ["explain", str(study), "--model", "brain-tumour-mri", "--anyway", "--out", str(out), "--json", *more]
    )
    assert status == 0
    return np.load(out)


@pytest.mark.shared_data
def test_on_mr_dicom_the_network_names_the_tumour(cases, study, tmp_path, capsys):
    arrays = explained(study, tmp_path / "brain.npz", "--slice", "all", "--layer", "block4")
    labels = json.loads(str(arrays["provenance"]))["labels"]
    said = [labels[index] for index in arrays["probability"].argmax(axis=1)]
    right = [row["label"] == name for row, name in zip(cases[1], said, strict=True)]
    assert np.mean(right) >= 0.75


@pytest.mark.shared_data
@pytest.mark.parametrize("label", LABELS)
def test_on_mr_dicom_the_map_of_the_tumour_peaks_on_it(cases, study, tmp_path, capsys, label):
    arrays = explained(
        study, tmp_path / "brain.npz", "--slice", "all", "--layer", "block4", "--target", label
    )
    mine = [n for n, row in enumerate(cases[1]) if row["label"] == label]
    found = hits(arrays["heatmap/block4"][mine], [cases[1][n] for n in mine])
    assert found.mean() >= 0.5, "four slices; the card gives the figure for all of val"


@pytest.mark.shared_data
def test_on_the_report_the_overlay_lies_where_the_map_is(cases, study, tmp_path, capsys):
    target = ("--slice", "1", "--layer", "block4", "--target", cases[1][0]["label"])
    arrays = explained(study, tmp_path / "brain.npz", *target)
    heat = arrays["heatmap/block4"][0]
    pages = []
    for opacity in ("0", "0.6"):
        out = tmp_path / f"{opacity}.png"
        options = ("--scale", "relative", "--opacity", opacity, "--out", str(out))
        asked = ["report", str(study), "--model", "brain-tumour-mri", "--anyway"]
        assert cli.run([*asked, *target, *options]) == 0
        pages.append(np.asarray(Image.open(out).convert("RGB")).astype(int))
    side, left, top = picture_on_page(pages[0])
    change = np.abs(pages[1] - pages[0]).sum(axis=2)[top : top + side, left : left + side]
    on_slice = (
        np.asarray(Image.fromarray((change > 30).astype(np.uint8) * 255).resize(heat.shape[::-1])) > 127
    )
    drawn = heat >= 0.15 * heat.max()
    assert (on_slice & drawn).sum() / (on_slice | drawn).sum() > 0.9


def picture_on_page(page):
    """(side, left, top) of the right-hand picture: the one block of the right half that is not paper."""
    middle = page.shape[1] // 2
    ink = page[:, middle:].min(axis=2) < 250
    top, bottom = longest_run(ink.mean(axis=1) > 0.7)
    left, right = longest_run(ink[top:bottom].mean(axis=0) > 0.7)
    assert bottom - top == pytest.approx(right - left, abs=3)
    return bottom - top, middle + left, top


def longest_run(flags):
    """(first, after last) of the longest run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    starts, ends = edges[::2], edges[1::2]
    longest = int(np.argmax(ends - starts))
    return int(starts[longest]), int(ends[longest])
