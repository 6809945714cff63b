"""How the samples of one frame are stored, with the standard's defaults for what a file leaves out."""

from __future__ import annotations

from dataclasses import dataclass, replace

from viewer.dicom import dataset as tags
from viewer.dicom.dataset import Opened

COPY_AGAIN = "Copy the file from its source again."
"""What to do about damaged pixel data."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How one frame's samples are stored (PS3.3 C.7.6.3)."""

    rows: int
    cols: int
    samples: int
    photometric: str
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    planar: bool
    frames: int

    @property
    def subsampled(self) -> bool:
        """Two pixels share their chroma: Y0 Y1 Cb Cr (native only)."""
        return self.samples == 3 and self.photometric in ("YBR_FULL_422", "YBR_PARTIAL_422")

    @property
    def bits(self) -> int:
        """Bits of one native frame; a multiple of 8, except for 1-bit images."""
        samples = 2 if self.subsampled else self.samples
        return self.rows * self.cols * samples * self.bits_allocated


def layout(opened: Opened) -> Layout:
    """The layout, with the standard's defaults for what a file leaves out."""
    dataset = opened.dataset
    floating = {"FloatPixelData": 32, "DoubleFloatPixelData": 64}
    allocated = tags.integer(dataset, "BitsAllocated") or floating.get(opened.pixel_keyword, 16)
    stored = tags.integer(dataset, "BitsStored") or allocated
    if not 1 <= stored <= allocated:
        stored = allocated
    high = tags.integer(dataset, "HighBit")
    if high is None or not stored - 1 <= high < allocated:
        high = stored - 1
    found = Layout(
        rows=tags.integer(dataset, "Rows") or 0,
        cols=tags.integer(dataset, "Columns") or 0,
        samples=tags.integer(dataset, "SamplesPerPixel") or 1,
        photometric=tags.text(dataset, "PhotometricInterpretation").upper() or "MONOCHROME2",
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=high,
        signed=tags.integer(dataset, "PixelRepresentation") == 1,
        planar=tags.integer(dataset, "PlanarConfiguration") == 1,
        frames=tags.integer(dataset, "NumberOfFrames") or 1,
    )
    # Decompressed by a program that left the name: with a sample for each pixel, it is YBR_FULL.
    every = found.rows * found.cols * found.frames * 3 * allocated // 8
    if found.photometric == "YBR_FULL_422" and opened.pixel_length in (every, every + 1):
        return replace(found, photometric="YBR_FULL")
    return found
