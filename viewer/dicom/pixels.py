"""From a header to pixels: decode, modality values, colour. What reading a slice means."""

from __future__ import annotations

import threading
import zipfile
import zlib
from collections import OrderedDict
from typing import TYPE_CHECKING

import numpy as np

from viewer.errors import PixelError
from viewer.study import Slice, SliceHeader, Source

if TYPE_CHECKING:
    from viewer.dicom.dataset import Opened

_GONE = "Open the folder again."


def load_slice(header: SliceHeader) -> Slice:
    """Read the pixels of one plane, with its VOI choices.

    Returns
    -------
    Slice
        Grey: (rows, cols) modality values, integer where that is exact, else float32. Colour (RGB,
        YBR, palette): (rows, cols, 3) uint8 RGB.

    Raises
    ------
    PixelError
        The file is gone, cut off, damaged, or in a transfer syntax that no decoder reads.
    """
    opened, stored = _decoded(header)
    from viewer.dicom import color, grayscale
    from viewer.dicom import dataset as tags
    from viewer.dicom.layout import layout

    dataset, frame = opened.dataset, header.frame
    with tags.quiet():
        if stored.ndim == 3:
            return Slice(header, _frozen(color.to_rgb8(stored, layout(opened).bits_stored)))
        if header.photometric == "PALETTE COLOR":
            return Slice(header, _frozen(color.apply_palette(stored, dataset)))
        return Slice(
            header=header,
            values=_frozen(grayscale.modality_transform(dataset, frame).apply(stored)),
            windows=grayscale.windows(dataset, frame),
            luts=grayscale.voi_luts(dataset, frame),
            inverted=grayscale.is_inverted(dataset),
            padding=grayscale.padding(dataset, frame),
        )


def stored_values(header: SliceHeader) -> np.ndarray:
    """The values as stored, before the modality LUT; raises as `load_slice` does.

    Returns
    -------
    (rows, cols), or (rows, cols, 3) RGB for colour
        Integer in native byte order; float for Float Pixel Data; palette indices for a palette.
    """
    return _decoded(header)[1]


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
