"""Starts a decoder process while headers are still being read, where a study looks compressed.

A process needs half a second to import its decoders: about as long as Glassbox needs for its first header.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from viewer.dicom import processes
from viewer.dicom.codecs import DECODERS

_LOOKED_AT = 8
"""Files at most until one is DICOM: a study is not searched twice."""
_META = 1024
"""Bytes within which the Transfer Syntax UID stands in most files (PS3.10 7.1)."""


def prewarm(path: Path) -> bool:
    """Look at the first file under `path`; start a process and say True if its pixels are compressed."""
    for file in islice(_files(path), _LOOKED_AT):
        try:
            with open(file, "rb") as stream:
                head = stream.read(_META)
        except OSError:
            continue
        if head[128:132] == b"DICM":
            if any(syntax.encode() in head for syntax in DECODERS):
                processes.POOL.prewarm()
                return True
            return False
    return False


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders.sort()
        yield from (Path(folder, name) for name in sorted(names) if name.upper() != "DICOMDIR")
