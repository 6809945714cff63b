"""Folders of slices for benchmarks: a written CT, and the real ones where the shared data are."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.support.dicom_factory import compressed, image, write
from tests.support.shared_data import shared_data

REAL = {
    "chest CT": ("dicom", "dash-vtk", "demos", "data", "ct_lung"),
    "head CT": ("dicom", "slicer", "Testing", "Data", "Input", "CTHeadAxialDicom"),
}
SYNTHETIC = "synthetic CT"


def write_ct(folder: Path, count: int = 400, *, side: int = 512, syntax: str | None = None) -> Path:
    """Write a CT of `count` slices of 12 bits, as scanners do: a UID, place and time of its own each."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 3000, (side // 8, side // 8)).astype(np.uint16)
    base = np.kron(coarse, np.ones((8, 8), np.uint16)) + rng.integers(0, 30, (side, side)).astype(np.uint16)
    for number in range(count):
        dataset = image(
            np.roll(base, number * 7, 0),
            bits_stored=12,
            position=(-170.5, -170.5, 300 - number * 0.75),
            instance=number + 1,
            series="speed",
            spacing=(0.7, 0.7),
            RescaleIntercept=-1024,
            WindowCenter=[40, -600],
            WindowWidth=[400, 1500],
            SliceThickness=1.0,
            SliceLocation=f"{300 - number * 0.75:.2f}",
            KVP=120,
            Manufacturer="Example",
            ConvolutionKernel="B30f",
            AcquisitionNumber=1,
            AcquisitionDate="20260112",
            AcquisitionTime=f"1010{number % 60:02d}.120000",
            ContentTime=f"1011{number % 60:02d}.500000",
            ImageType=["ORIGINAL", "PRIMARY", "AXIAL"],
        )
        write(compressed(dataset, syntax) if syntax else dataset, folder / f"im{number:04d}.dcm")
    return folder


def ct_folder(name: str, tmp_path: Path) -> Path:
    """The folder of a name in `REAL` (skips the test where it is absent), or a written one."""
    return write_ct(tmp_path) if name == SYNTHETIC else shared_data(*REAL[name])
