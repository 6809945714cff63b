"""`glassbox volume`: a whole series as one array of modality values, with its place in the patient."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from viewer.cli import arrays
from viewer.cli.answer import Answer, ProgressLine
from viewer.cli.study import choose_series, open_study

if TYPE_CHECKING:
    from viewer.dicom.volume import Volume

EPILOG = """\
X.npz holds: values (slices, rows, cols), as 'Im 1/30' on the screen first, HU for CT, in the smallest
dtype that holds them exactly; affine (4, 4), patient (x, y, z, 1) in mm, LPS = affine @ (slice, row, col, 1);
spacing (slice, row, col) in mm. What is not known, or not the same everywhere, is NaN. An .npz that is
already there is replaced, anything else is not."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="PATH", type=Path, help="folder, DICOM file, DICOMDIR or ZIP")
    parser.add_argument(
        "--series",
        metavar="UID|N",
        help="series UID, or its number in the list of `glassbox scan`, counted from 1 (default: the first)",
    )
    parser.add_argument("--out", metavar="X.npz", type=Path, required=True, help="file to write")


def answer(options: argparse.Namespace) -> Answer:
    from viewer.dicom.volume import read_volume
    from viewer.session.budget import memory

    arrays.check(options.out, ".npz")
    series = choose_series(open_study(options.path).series, options.series)
    progress = ProgressLine("Slices")
    try:
        volume = read_volume(series, progress=progress, available=lambda: memory().available)
    finally:
        progress.end()
    arrays.write_npz(options.out, _arrays(volume))
    table = {
        "out": str(options.out),
        "series": series.uid,
        "shape": list(volume.values.shape),
        "dtype": str(volume.values.dtype),
        "unit": volume.unit,
        "min": volume.values.min().item(),
        "max": volume.values.max().item(),
        "spacing_mm": list(volume.spacing),
        "affine": volume.affine.tolist() if volume.affine is not None else None,
        "problems": list(volume.problems),
    }
    return Answer(table, [*_lines(table), f"Written: {options.out}"])


def _arrays(volume: Volume) -> dict[str, np.ndarray]:
    affine = volume.affine
    return {
        "values": volume.values,
        "affine": affine if affine is not None else np.full((4, 4), np.nan),
        "spacing": np.array([np.nan if part is None else part for part in volume.spacing]),
    }


def _lines(table: dict[str, Any]) -> list[str]:
    size = " × ".join(str(length) for length in table["shape"])
    unit = f" {table['unit']}" if table["unit"] else ""
    spacing = " × ".join("?" if part is None else f"{part:.3g}" for part in table["spacing_mm"])
    return [
        f"{size} {table['dtype']}, {table['min']:g} to {table['max']:g}{unit}, {spacing} mm",
        *table["problems"],
    ]
