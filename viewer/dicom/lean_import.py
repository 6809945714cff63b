"""Imports what reads the first image, without the decoders: for the program with the window.

pydicom imports every decoder it finds, which takes a third of its time; Glassbox decodes in other processes
(see `processes`), and the reader waits for his first image.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

_DECODERS = ("gdcm", "PIL", "pylibjpeg", "openjpeg", "jpeg_ls")


def import_readers() -> None:
    """Import the readers of this package; pydicom, if it is new, then decodes nothing in this process."""
    if "pydicom" not in sys.modules:
        with _hidden(_DECODERS):
            import pydicom.pixels  # noqa: F401
    from viewer.dicom import pixels, scan, siblings  # noqa: F401


@contextlib.contextmanager
def _hidden(names: tuple[str, ...]) -> Iterator[None]:
    """Imports of these fail, unless they were imported before."""
    absent = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]
