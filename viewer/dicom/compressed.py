"""Compressed pixel data: one frame's codestream, and the decoders that read it (PS3.5 A.4)."""

from __future__ import annotations

import io
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from pydicom import encaps
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.pixels import get_decoder
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from viewer.dicom import dataset as tags
from viewer.dicom import jpeg_markers
from viewer.dicom.dataset import Opened
from viewer.dicom.layout import COPY_AGAIN, Layout
from viewer.errors import PixelError

_SPECTRAL_SELECTION, _FULL_PROGRESSION = "1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.55"

# Which decoders may try a transfer syntax, the best first; "simpleitk" reads what no plugin of pydicom
# does (12-bit and progressive JPEG). A second decoder stands only where the first leaves something out:
# on damaged data GDCM (and ITK, which uses it) may end the process, or take seconds. To add one, add it
# here and a case in tests/unit/dicom/test_pixels.py.
DECODERS: dict[str, tuple[str, ...]] = {
    str(RLELossless): ("pydicom",),
    str(JPEGBaseline8Bit): ("pillow",),
    str(JPEGExtended12Bit): ("pillow", "simpleitk"),
    str(JPEGLossless): ("gdcm",),
    str(JPEGLosslessSV1): ("gdcm",),
    str(JPEGLSLossless): ("pyjpegls",),
    str(JPEGLSNearLossless): ("pyjpegls",),
    str(JPEG2000Lossless): ("pylibjpeg",),
    str(JPEG2000): ("pylibjpeg",),
    str(HTJ2KLossless): ("pylibjpeg",),
    str(HTJ2KLosslessRPCL): ("pylibjpeg",),
    str(HTJ2K): ("pylibjpeg",),
    _SPECTRAL_SELECTION: ("simpleitk",),
    _FULL_PROGRESSION: ("simpleitk",),
}

_ENDED_BY_JPEG = ("gdcm", "simpleitk")


def read_frame(opened: Opened, shape: Layout, stream: BinaryIO, frame: int) -> bytes:
    """The codestream of a frame, and nothing else of the file; raises `PixelError` if it is not found."""
    stream.seek(opened.pixel_offset)
    offsets = tags.value(opened.dataset, "ExtendedOffsetTable")
    lengths = tags.value(opened.dataset, "ExtendedOffsetTableLengths")
    extended = (offsets, lengths) if offsets and lengths else None
    try:
        with tags.quiet():
            encoded = encaps.get_frame(
                stream, frame, number_of_frames=shape.frames, extended_offsets=extended
            )
    except Exception as error:
        raise PixelError(
            f"Image {frame + 1} of {shape.frames} cannot be found in the compressed pixel data.",
            remedy=COPY_AGAIN,
        ) from error
    # Decoders make half a picture of half a codestream, or (CharLS) take seconds to refuse it.
    stump = _cut_fragment(stream, opened.pixel_offset)
    if stump is not None and encoded.endswith(stump):
        raise PixelError(
            f"The file is cut off within image {frame + 1} of {shape.frames}.", remedy=COPY_AGAIN
        )
    return encoded


def _cut_fragment(stream: BinaryIO, start: int) -> bytes | None:
    """What is left of the fragment within which a file ends; None if it ends where it should."""
    end = stream.seek(0, io.SEEK_END)
    position = stream.seek(start)
    while position + 8 <= end:
        item = stream.read(8)
        length = int.from_bytes(item[4:], "little")
        if item[:4] != b"\xfe\xff\x00\xe0":
            return None
        if position + 8 + length > end:
            return stream.read()
        position = stream.seek(position + 8 + length)
    return None


def inflated(encoded: bytes, shape: Layout) -> bytes:
    """The native bytes of a deflated frame, and no more of them than it can have."""
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(encoded, -(-shape.bits // 8) + 8)
    except zlib.error as error:
        raise PixelError("The deflated pixel data are damaged.", remedy=COPY_AGAIN) from error


def run_length_bits(encoded: bytes, shape: Layout) -> np.ndarray:
    """A 1-bit frame in RLE: the packed bytes are what was encoded, as one row of them (PS3.5 G)."""
    count = -(-shape.rows * shape.cols // 8)
    packed = Layout(1, count, 1, "MONOCHROME2", 8, 8, 7, False, False, 1)
    try:
        data = _with_plugin("pydicom")(encoded, packed, str(RLELossless))
    except Exception as error:
        raise PixelError("The run-length pixel data are damaged.", remedy=COPY_AGAIN) from error
    bits = np.unpackbits(data.astype(np.uint8).ravel(), bitorder="little")
    return bits[: shape.rows * shape.cols].reshape(shape.rows, shape.cols)


def decoded(encoded: bytes, shape: Layout, syntax: str) -> np.ndarray:
    """The samples of a codestream by the first of `DECODERS` that reads it, colour as RGB."""
    for decoder in DECODERS[syntax]:
        if decoder in _ENDED_BY_JPEG and not jpeg_markers.is_plausible(
            encoded, rows=shape.rows, cols=shape.cols, samples=shape.samples, bits=shape.bits_allocated
        ):
            continue
        run = _with_simpleitk if decoder == "simpleitk" else _with_plugin(decoder)
        try:
            with tags.quiet():
                return _as_stored(run(encoded, shape, syntax), shape)
        except Exception:  # what a decoder says of bad data is its own business: the next one may read them
            continue
    name = tags.syntax_name(syntax)
    raise PixelError(f"The pixel data ({name}) are damaged: no decoder reads them.", remedy=COPY_AGAIN)


def _with_plugin(plugin: str) -> Callable[[bytes, Layout, str], np.ndarray]:
    def run(encoded: bytes, shape: Layout, syntax: str) -> np.ndarray:
        options: dict[str, Any] = {
            "rows": shape.rows,
            "columns": shape.cols,
            "samples_per_pixel": shape.samples,
            "photometric_interpretation": shape.photometric,
            "bits_allocated": shape.bits_allocated,
            "bits_stored": shape.bits_stored,
            "pixel_representation": int(shape.signed),
            "planar_configuration": int(shape.planar),
            "number_of_frames": 1,
            "pixel_keyword": "PixelData",
            "decoding_plugin": plugin,
        }
        return get_decoder(UID(syntax)).as_array(encaps.encapsulate([encoded]), index=0, **options)[0]

    return run


def _with_simpleitk(encoded: bytes, shape: Layout, syntax: str) -> np.ndarray:
    """Decode through ITK, which reads files only: one with these pixels and nothing of the patient.

    No rescale goes in, and MONOCHROME1 is called MONOCHROME2: ITK would apply the one and invert the other.
    """
    import SimpleITK

    dataset = FileDataset("", {}, preamble=b"\0" * 128)
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    dataset.SOPInstanceUID = "2.25.1"
    dataset.Modality = "OT"
    dataset.Rows, dataset.Columns = shape.rows, shape.cols
    dataset.SamplesPerPixel = shape.samples
    dataset.PhotometricInterpretation = shape.photometric if shape.samples == 3 else "MONOCHROME2"
    if shape.samples == 3:
        dataset.PlanarConfiguration = int(shape.planar)
    dataset.BitsAllocated, dataset.BitsStored = shape.bits_allocated, shape.bits_stored
    dataset.HighBit, dataset.PixelRepresentation = shape.bits_stored - 1, int(shape.signed)
    dataset.PixelData = encaps.encapsulate([encoded])
    dataset["PixelData"].VR = "OB"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    with tempfile.TemporaryDirectory(prefix="glassbox-") as folder:
        path = Path(folder) / "frame.dcm"
        dataset.save_as(path, enforce_file_format=True)
        SimpleITK.ProcessObject.GlobalWarningDisplayOff()
        reader = SimpleITK.ImageFileReader()
        reader.SetImageIO("GDCMImageIO")
        reader.SetFileName(str(path))
        pixels = SimpleITK.GetArrayFromImage(reader.Execute())
    return pixels.reshape((shape.rows, shape.cols, 3) if shape.samples == 3 else (shape.rows, shape.cols))


def _as_stored(pixels: np.ndarray, shape: Layout) -> np.ndarray:
    """Decoded pixels, checked, in the dtype that native data of this layout would have."""
    expected = (shape.rows, shape.cols, 3) if shape.samples == 3 else (shape.rows, shape.cols)
    if pixels.shape != expected:
        raise ValueError("decoder gave another size than the header")
    kind = np.dtype(f"{'i' if shape.signed else 'u'}{max(shape.bits_allocated, 8) // 8}")
    return pixels.astype(kind, copy=False)
