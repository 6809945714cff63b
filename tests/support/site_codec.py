"""A package with a decoder, as the administrator of a site would add one, and images that only it reads."""

from __future__ import annotations

import zlib
from pathlib import Path

from pydicom.dataset import FileDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID

SYNTAX = "1.2.826.0.1.3680043.10.543.1"
"""Transfer syntax of a private kind: each frame is deflated as zlib does it."""

CODE = """
import zlib

import numpy as np


def decode(codestream, *, rows, columns, samples_per_pixel, bits_allocated, pixel_representation, **_):
    dtype = f"<{'ui'[pixel_representation]}{bits_allocated // 8}"
    shape = (rows, columns) if samples_per_pixel == 1 else (rows, columns, samples_per_pixel)
    return np.frombuffer(zlib.decompress(codestream), dtype).reshape(shape)
"""


def package(
    folder: Path,
    code: str = CODE,
    *,
    syntax: str = SYNTAX,
    name: str = "acme-zlib",
    version: str = "1.2",
    value: str = "",
) -> Path:
    """Write the package as `pip install --target` does; `value` is what it offers, else its `decode`."""
    module = name.replace("-", "_")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{module}.py").write_text(code, encoding="utf-8")
    about = folder / f"{module}-{version}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (about / "entry_points.txt").write_text(
        f"[glassbox.decoders]\n{syntax} = {value or f'{module}:decode'}\n", encoding="utf-8"
    )
    return folder


def deflated(dataset: FileDataset, syntax: str = SYNTAX) -> FileDataset:
    """The same uncompressed image, each of its frames deflated, under another transfer syntax."""
    frames = int(dataset.get("NumberOfFrames", 1))
    size = dataset.Rows * dataset.Columns * dataset.SamplesPerPixel * dataset.BitsAllocated // 8
    native = [dataset.PixelData[n * size : (n + 1) * size] for n in range(frames)]
    dataset.PixelData = encapsulate([zlib.compress(frame) for frame in native])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    return dataset
