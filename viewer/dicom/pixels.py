"""From a header to pixels: decode, modality values, colour. What reading a slice means."""

from __future__ import annotations

import threading
import zipfile
import zlib
from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from viewer.errors import PixelError
from viewer.study import Graphic, PackedSlice, Shutter, Slice, SliceHeader, Source

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from viewer.dicom.dataset import Opened

_GONE = "Open the folder again."


def load_slice(header: SliceHeader) -> Slice:
    """Read the pixels of one plane, with its VOI choices.

    Returns
    -------
    Slice
        Grey: (rows, cols) modality values, integer where that is exact, else float32. Colour (RGB,
        YBR, palette): (rows, cols, 3) uint8 RGB. Overlay planes and the display shutter beside them.

    Raises
    ------
    PixelError
        The file is gone, cut off, damaged, or in a transfer syntax that no decoder reads.
    """
    return load_packed(header)[0]


def load_packed(header: SliceHeader) -> tuple[Slice, PackedSlice | None]:
    """The slice as `load_slice` gives it; and, where that takes less memory, what to keep in its place."""
    opened, stored = _decoded(header)
    from viewer.dicom import color, grayscale
    from viewer.dicom import dataset as tags
    from viewer.dicom.layout import layout

    dataset, frame = opened.dataset, header.frame
    with tags.quiet():
        graphics, shutter = _over_and_around(opened, header)
        if stored.ndim == 3 or header.photometric == "PALETTE COLOR":
            three = stored.ndim == 3
            bits = layout(opened).bits_stored
            rgb = color.to_rgb8(stored, bits) if three else color.apply_palette(stored, dataset)
            return Slice(header, _frozen(rgb), graphics=graphics, shutter=shutter), None
        transform = grayscale.modality_transform(dataset, frame)
        made = Slice(
            header=header,
            values=_frozen(transform.apply(stored)),
            windows=grayscale.windows(dataset, frame),
            luts=grayscale.voi_luts(dataset, frame),
            inverted=grayscale.is_inverted(dataset),
            padding=grayscale.padding(dataset, frame),
            graphics=graphics,
            shutter=shutter,
            **_uptake(dataset),
        )
    table = transform.table.nbytes if transform.table is not None else 0
    if made.values.nbytes <= stored.nbytes + table:
        return made, None
    return made, PackedSlice(replace(made, values=_frozen(stored)), transform.apply)


def stored_values(header: SliceHeader) -> np.ndarray:
    """The values as stored, before the modality LUT; raises as `load_slice` does.

    Returns
    -------
    (rows, cols), or (rows, cols, 3) RGB for colour
        Integer in native byte order; float for Float Pixel Data; palette indices for a palette.
    """
    return _decoded(header)[1]


def _over_and_around(opened: Opened, header: SliceHeader) -> tuple[tuple[Graphic, ...], Shutter | None]:
    """The overlay planes and the display shutter of a slice."""
    from viewer.dicom import native, overlays
    from viewer.dicom import shutter as shutters
    from viewer.dicom.layout import layout

    dataset = opened.dataset
    bitmap = shutters.bitmap_group(dataset)
    shape = header.rows, header.cols
    planes: dict[str, Any] = {
        "words": lambda: native.words(opened, layout(opened), header),
        "big_endian": opened.syntax in native.BIG_ENDIAN,
    }
    shutter = shutters.shutter(
        dataset,
        shape,
        aspect=header.geometry.aspect,
        bitmap=lambda: overlays.plane(dataset, bitmap or 0, header.frame, shape, **planes),
    )
    return overlays.graphics(dataset, header.frame, shape, without=bitmap, **planes), shutter


def _uptake(dataset: Dataset) -> dict[str, Any]:
    """What a slice tells of its SUV; nothing where it is no PET."""
    from viewer.dicom import dataset as tags
    from viewer.dicom.suv import NoSuv, suv_factor

    if tags.text(dataset, "Modality") != "PT":
        return {}
    try:
        return {"suv": suv_factor(dataset)}
    except NoSuv as reason:
        return {"no_suv": str(reason)}


def _frozen(values: np.ndarray) -> np.ndarray:
    """Slices are shared by caches, screen and network: nobody may write to them."""
    values = np.ascontiguousarray(values)
    values.setflags(write=False)
    return values


def _decoded(header: SliceHeader) -> tuple[Opened, np.ndarray]:
    from viewer.dicom import dataset as tags
    from viewer.dicom.decoding import decode

    source = header.source
    try:
        with tags.open_source(source) as stream:
            opened = _HEADERS.get(source)
            if opened is None:
                opened = tags.read(stream)
                _HEADERS.put(source, opened)
            with tags.quiet():
                return opened, decode(opened, stream, header.frame)
    except PixelError:
        raise
    except FileNotFoundError as error:
        raise PixelError("The file of this image is gone.", remedy=_GONE) from error
    except OSError as error:
        reason = (error.strerror or "input error").lower()
        raise PixelError(f"The file of this image cannot be read ({reason}).", remedy=_GONE) from error
    except tags.Unreadable as error:
        raise PixelError(f"{error}.", remedy=_GONE) from error
    except (zipfile.BadZipFile, zlib.error, RuntimeError, KeyError) as error:
        raise PixelError("This image cannot be unpacked from its archive.", remedy=_GONE) from error
    except (ValueError, TypeError, IndexError, AttributeError, EOFError, MemoryError) as error:
        # What remains are headers that contradict themselves; each is a file that cannot be shown.
        kind = type(error).__name__
        raise PixelError(
            f"The pixel data do not fit their description ({kind}).", remedy="Copy the file again."
        ) from error


class _Headers:
    """The headers of the last files that were read: the frames of one file need its header once."""

    _KEPT = 4

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._opened: OrderedDict[tuple[Source, int, int], Opened] = OrderedDict()

    def get(self, source: Source) -> Opened | None:
        with self._lock:
            return self._opened.get(self._key(source))

    def put(self, source: Source, opened: Opened) -> None:
        with self._lock:
            self._opened[self._key(source)] = opened
            while len(self._opened) > self._KEPT:
                self._opened.popitem(last=False)

    @staticmethod
    def _key(source: Source) -> tuple[Source, int, int]:
        status = source.path.stat()  # a file that was replaced has another header
        return source, status.st_mtime_ns, status.st_size


_HEADERS = _Headers()
