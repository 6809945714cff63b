"""`glassbox pixels`: one frame at a stage of the chain stored value -> modality value -> display value."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from viewer.cli import arrays
from viewer.cli.answer import Answer
from viewer.cli.study import add_window
from viewer.errors import StudyError
from viewer.study import SliceHeader, Window

STAGES = ("stored", "modality", "display")
EPILOG = """\
stored    values as decoded, in their own integer type; colour as stored
modality  after the modality LUT or rescale: HU for CT; integer where that is exact, else float32
display   grey levels 0 to 255 as on the screen: VOI LUT or window, MONOCHROME1 inverted last; a file that
          carries neither gets the percentiles of this frame alone, on the screen those of its series.
          What lies over the picture is not in it: overlay planes of the file, display shutter, heatmap
Colour images give (rows, cols, 3). An .npy that is already there is replaced, anything else is not."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="a DICOM file")
    parser.add_argument(
        "--frame", metavar="N", type=int, default=1, help="frame, counted from 1 (default: 1)"
    )
    parser.add_argument("--stage", choices=STAGES, required=True, help="where in the chain, see below")
    add_window(parser, whole="this frame alone")
    parser.add_argument("--out", metavar="X.npy", type=Path, required=True, help="file to write")


def answer(options: argparse.Namespace) -> Answer:
    arrays.check(options.out, ".npy")
    header = _frame(options.file, options.frame)
    values, more = _stage(header, options.stage, options.window)
    arrays.write_npy(options.out, values)
    table = {
        "out": str(options.out),
        "stage": options.stage,
        "frame": options.frame,
        "sop_instance_uid": header.sop_instance_uid,
        "shape": list(values.shape),
        "dtype": str(values.dtype),
        "min": values.min().item(),
        "max": values.max().item(),
        "photometric_interpretation": header.photometric,
        "transfer_syntax": header.transfer_syntax,
        **more,
    }
    size = " × ".join(str(length) for length in values.shape)
    lines = [f"{options.stage}: {size} {values.dtype}, {table['min']:g} to {table['max']:g}"]
    return Answer(table, [*lines, f"Written: {options.out}"])


def _frame(file: Path, number: int) -> SliceHeader:
    from viewer.dicom.scan import headers

    if file.is_dir():
        raise StudyError("This is a folder.", remedy="Give one DICOM file.")
    frames = headers(file)
    for header in frames:
        if header.frame == number - 1:
            return header
    raise StudyError(
        f"There is no frame {number}: this file has {len(frames)}, counted from 1.",
        remedy=f"Choose 1 to {len(frames)}.",
    )


def _stage(header: SliceHeader, stage: str, window: Window | None) -> tuple[np.ndarray, dict[str, Any]]:
    """The values at a stage, and what is to be said of them."""
    from viewer.dicom.pixels import load_slice, stored_values
    from viewer.imaging.window import default_window, to_grey
    from viewer.session.captions import window_text

    if stage == "stored":
        return np.ascontiguousarray(stored_values(header)), {}
    slice = load_slice(header)
    if stage == "modality":
        return np.ascontiguousarray(slice.values), {"unit": header.unit}
    if slice.is_color:
        return np.ascontiguousarray(slice.values), {"window": "colour"}
    lut = 0 if slice.luts and window is None else None
    shown = window if window is not None or lut is not None else default_window(slice)
    return to_grey(slice, shown, voi_lut=lut), {"window": window_text(slice, shown, lut)}
