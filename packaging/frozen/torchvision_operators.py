"""Run by the frozen program at its start: makes torchvision importable beside a CPU build of torch.

torchvision's compiled operators (`_C.so`) of the package index are linked against CUDA. Beside a CPU build
of torch they cannot be loaded, and `import torchvision` then ends with "operator torchvision::nms does not
exist": it registers shapes for operators that nobody has declared. Glassbox uses torchvision's
classification networks, which are made of torch's own operators alone; so the two names are declared here,
without an implementation, when torchvision is first imported. The start of the program stays free of torch.

`glassbox.spec` adds this file, and leaves `_C.so` out, only where the build found that torchvision does not
import by itself. `smoke_test.py` asks a network of torchvision for an answer.
"""

import sys
from importlib.abc import MetaPathFinder

_BOXES = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
OPERATORS = {"nms": _BOXES, "qnms": _BOXES}
"""What torchvision 0.28 and 0.29 refer to while they are imported, with or without `_C.so`."""


class _Declare(MetaPathFinder):
    """Finds nothing: is told of the first import of torchvision, declares the operators and goes."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname == "torchvision":
            sys.meta_path.remove(self)
            import torch

            for name, schema in OPERATORS.items():
                torch.library.define(f"torchvision::{name}", schema)
        return None


sys.meta_path.insert(0, _Declare())
