"""Loads torch's libraries without stopping the window.

`import torch` binds 100 MB of libraries while it holds Python's lock, and the GUI thread waits: measured on
two busy cores 2.1 s, with this 0.5 s. A function called through ctypes gives the lock away.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import os
import sys
from pathlib import Path

_LIBRARIES = (("libtorch_global_deps.so", True), ("libtorch_python.so", False))
"""In the order and with the visibility of torch/__init__.py; each brings those it depends on."""


def preload_torch() -> bool:
    """Map torch's libraries (Linux), so that `import torch` finds them. Whether all of them were mapped.

    Where it fails nothing is lost: the import does it, or says why it cannot.
    """
    if not sys.platform.startswith("linux") or "torch" in sys.modules:
        return False
    found = importlib.util.find_spec("torch")
    if found is None or not found.submodule_search_locations:
        return False
    folder = Path(found.submodule_search_locations[0]) / "lib"
    with contextlib.suppress(OSError, AttributeError):
        dlopen = ctypes.CDLL(None).dlopen
        dlopen.restype, dlopen.argtypes = ctypes.c_void_p, (ctypes.c_char_p, ctypes.c_int)
        mapped = [
            dlopen(os.fsencode(folder / name), os.RTLD_NOW | (os.RTLD_GLOBAL if everywhere else 0))
            for name, everywhere in _LIBRARIES
        ]
        return all(mapped)
    return False
