"""The decoders of compressed pixel data (PS3.5 A.4): called in a decoder process, never in Glassbox itself.

pydicom and the decoders are imported by the functions that need them: the table is read without them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from viewer.dicom import jpeg_markers

if TYPE_CHECKING:
    from viewer.dicom.layout import Layout

_JPEG_EXTENDED = "1.2.840.10008.1.2.4.51"

# Which decoders may try a transfer syntax, the best first; "simpleitk" reads what no plugin of pydicom
# does (12-bit and progressive JPEG), and "gdcm-file" the grey ones of these where SimpleITK is not there:
# the small installed program goes without its 270 MB. Another decoder stands only where the first leaves
# something out: on damaged data it would only cost time. To add one, add it here and a case in
# tests/unit/dicom/test_codecs.py.
DECODERS: dict[str, tuple[str, ...]] = {
    "1.2.840.10008.1.2.5": ("pydicom",),  # RLE
    "1.2.840.10008.1.2.4.50": ("pillow",),  # JPEG baseline
    _JPEG_EXTENDED: ("pillow", "simpleitk", "gdcm-file"),
    "1.2.840.10008.1.2.4.52": ("pillow",),  # arithmetic coding, retired like all up to .56: 8 bits only
    "1.2.840.10008.1.2.4.53": ("pillow", "simpleitk", "gdcm-file"),  # spectral selection
    "1.2.840.10008.1.2.4.54": ("pillow",),  # arithmetic
    "1.2.840.10008.1.2.4.55": ("pillow", "simpleitk", "gdcm-file"),  # full progression
    "1.2.840.10008.1.2.4.56": ("pillow",),  # arithmetic
    "1.2.840.10008.1.2.4.57": ("gdcm",),  # JPEG lossless
    "1.2.840.10008.1.2.4.70": ("gdcm",),
    "1.2.840.10008.1.2.4.80": ("pyjpegls",),  # JPEG-LS lossless, near-lossless
    "1.2.840.10008.1.2.4.81": ("pyjpegls",),
    "1.2.840.10008.1.2.4.90": ("pylibjpeg",),  # JPEG 2000 lossless, lossy
    "1.2.840.10008.1.2.4.91": ("pylibjpeg",),
    "1.2.840.10008.1.2.4.201": ("pylibjpeg",),  # HTJ2K lossless, lossless RPCL, lossy
    "1.2.840.10008.1.2.4.202": ("pylibjpeg",),
    "1.2.840.10008.1.2.4.203": ("pylibjpeg",),
}
_RETIRED = {f"1.2.840.10008.1.2.4.{process}" for process in (52, 53, 54, 55, 56)}
_ENDED_BY_JPEG = ("gdcm", "simpleitk", "gdcm-file")


def decode(encoded: bytes, shape: Layout, syntax: str) -> np.ndarray | None:
    """The samples of a codestream by the first of `DECODERS` that reads it; None if none does.

    Returns
    -------
    (rows, cols), or (rows, cols, 3) RGB for colour; C-contiguous
        In the dtype that `result` tells.
    """
    for decoder in DECODERS[syntax]:
        if decoder in _ENDED_BY_JPEG and not jpeg_markers.is_plausible(
            encoded, rows=shape.rows, cols=shape.cols, samples=shape.samples, bits=shape.bits_allocated
        ):
            continue  # it would end the process: a new one takes half a second
        run = _OF_FILES.get(decoder) or _with_plugin(decoder)
        try:
            return _as_stored(run(encoded, shape, syntax), shape)
        except MemoryError:
            raise
        except Exception:  # what a decoder says of bad data is its own business: the next one may read them
            continue
    return None


def result(shape: Layout) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and dtype of a decoded frame: those that native data of this layout would have."""
    size = (shape.rows, shape.cols, 3) if shape.samples == 3 else (shape.rows, shape.cols)
    return size, np.dtype(f"{'i' if shape.signed else 'u'}{max(shape.bits_allocated, 8) // 8}")


def _as_stored(pixels: np.ndarray, shape: Layout) -> np.ndarray:
    size, kind = result(shape)
    if pixels.shape != size:
        raise ValueError("decoder gave another size than the header")
    return np.ascontiguousarray(pixels.astype(kind, copy=False))


def _with_plugin(plugin: str) -> Callable[[bytes, Layout, str], np.ndarray]:
    def run(encoded: bytes, shape: Layout, syntax: str) -> np.ndarray:
        from PIL import Image
        from pydicom import encaps
        from pydicom.pixels import get_decoder
        from pydicom.uid import UID

        # Pillow's own limit would refuse a large scan; memory is limited for the process instead.
        Image.MAX_IMAGE_PIXELS = None
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
        # pydicom has no decoder for the retired processes; Pillow tells them apart by their own markers.
        known = UID(_JPEG_EXTENDED if syntax in _RETIRED else syntax)
        return get_decoder(known).as_array(encaps.encapsulate([encoded]), index=0, **options)[0]

    return run


def _with_simpleitk(encoded: bytes, shape: Layout, syntax: str) -> np.ndarray:
    """Decode through ITK. No rescale goes in, and MONOCHROME1 is called MONOCHROME2: ITK would apply the one
    and invert the other."""
    import SimpleITK

    with _as_file(encoded, shape, syntax) as path:
        SimpleITK.ProcessObject.GlobalWarningDisplayOff()
        reader = SimpleITK.ImageFileReader()
        reader.SetImageIO("GDCMImageIO")
        reader.SetFileName(str(path))
        pixels = SimpleITK.GetArrayFromImage(reader.Execute())
    return pixels.reshape((shape.rows, shape.cols, 3) if shape.samples == 3 else (shape.rows, shape.cols))


def _with_gdcm_file(encoded: bytes, shape: Layout, syntax: str) -> np.ndarray:
    """Decode grey levels through GDCM's reader of files: pydicom hands GDCM none of more than 8 bits."""
    import gdcm

    if shape.samples != 1:
        raise ValueError("GDCM is trusted with grey levels only")
    with _as_file(encoded, shape, syntax) as path:
        reader = gdcm.ImageReader()
        reader.SetFileName(str(path))
        if not reader.Read():
            raise ValueError("GDCM cannot read it")
        # GDCM's binding gives bytes as text.
        samples = reader.GetImage().GetBuffer().encode("utf-8", "surrogateescape")
    return np.frombuffer(samples, result(shape)[1]).reshape(shape.rows, shape.cols)


_OF_FILES = {"simpleitk": _with_simpleitk, "gdcm-file": _with_gdcm_file}


@contextmanager
def _as_file(encoded: bytes, shape: Layout, syntax: str) -> Iterator[Path]:
    """A DICOM file of these pixels and of nothing of the patient, as long as it is wanted."""
    from pydicom import encaps
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import UID

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
        yield path
