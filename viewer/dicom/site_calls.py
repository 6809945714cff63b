"""A decoder of the site, loaded and called: in a decoder process, never in Glassbox itself."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from viewer.dicom.codecs import result

if TYPE_CHECKING:
    from viewer.dicom.layout import Layout


class Refused(Exception):
    """The site's decoder cannot be loaded, or gave no pixels that can be used; the message says why.

    `kind` is "unloaded", "refused" (it cannot read the data) or "misfit" (it gave something else).
    """

    def __init__(self, kind: str, why: str) -> None:
        super().__init__(why)
        self.kind = kind


class SiteDecoders:
    """The functions of the site that this process has loaded.

    Its folders are searched only while one of them is loaded or runs, and after everything else, so that
    nothing of Glassbox is ever taken from there. Nothing is written into them.
    """

    def __init__(self) -> None:
        self._loaded: dict[tuple[str, str], Callable[..., Any]] = {}

    def load(self, module: str, name: str, folders: Sequence[str]) -> None:
        """Import a function; raises `Refused`."""
        with _searched(folders):
            try:
                found = getattr(importlib.import_module(module), name)
                if not callable(found):
                    raise TypeError
            except MemoryError:
                raise
            except Exception as error:  # whatever the code of a package does as it is imported
                raise Refused("unloaded", _kind(error)) from error
        self._loaded[module, name] = found

    def decode(
        self, module: str, name: str, folders: Sequence[str], encoded: bytes, shape: Layout, syntax: str
    ) -> np.ndarray:
        """The samples of a codestream, C-contiguous, as `codecs.result` tells; raises `Refused`."""
        with _searched(folders):
            try:
                pixels = self._loaded[module, name](encoded, **described(shape, syntax))
            except MemoryError:
                raise
            except Exception as error:
                raise Refused("refused", _kind(error)) from error
        size, kind = result(shape)
        if not isinstance(pixels, np.ndarray):
            raise Refused("misfit", type(pixels).__name__)
        if pixels.shape != size or pixels.dtype.newbyteorder("=") != kind:
            raise Refused("misfit", f"{pixels.shape} {pixels.dtype}")
        return np.ascontiguousarray(pixels, dtype=kind)


def described(shape: Layout, syntax: str) -> dict[str, str | int]:
    """What a decoder of the site is told of a frame, by DICOM's names: keywords stay, more may come.

    MONOCHROME1 is called MONOCHROME2: inverting it is not the decoder's business.
    """
    return {
        "transfer_syntax_uid": syntax,
        "rows": shape.rows,
        "columns": shape.cols,
        "samples_per_pixel": shape.samples,
        "photometric_interpretation": shape.photometric.replace("MONOCHROME1", "MONOCHROME2"),
        "bits_allocated": shape.bits_allocated,
        "bits_stored": shape.bits_stored,
        "high_bit": shape.high_bit,
        "pixel_representation": int(shape.signed),
        "planar_configuration": int(shape.planar),
    }


def _kind(error: Exception) -> str:
    """The type of an exception and the name that it missed: a message may quote anything."""
    missed = getattr(error, "name", None) if isinstance(error, (ImportError, AttributeError)) else None
    return type(error).__name__ + (f": {missed}" if missed else "")


@contextmanager
def _searched(folders: Sequence[str]) -> Iterator[None]:
    path, silent = sys.path[:], sys.dont_write_bytecode
    sys.path += folders
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.path[:], sys.dont_write_bytecode = path, silent
