"""The packages of the optional extra `methods`, or one sentence that says how to get them."""

from __future__ import annotations

import random
import sys
from importlib import import_module
from typing import Any

from viewer.errors import ModelError

COMMAND = 'pip install "glassbox-viewer[methods]"'
TITLES = {"captum": "Captum", "skimage": "scikit-image", "sklearn": "scikit-learn", "scipy": "SciPy"}


def optional(module: str) -> Any:
    """A module of the extra; ModelError in words where its package is not installed."""
    state = random.getstate()
    try:
        return import_module(module)
    except ImportError as error:
        raise missing(module.partition(".")[0]) from error
    finally:
        random.setstate(state)  # scikit-learn draws from it when it is imported


def missing(package: str) -> ModelError:
    """The sentence for a package that is not there, by the name it is imported by."""
    if getattr(sys, "frozen", False):  # nothing can be installed into a frozen copy
        return ModelError(
            f"This method needs the package {TITLES[package]}, which this copy of Glassbox does not have.",
            remedy="Choose another method, or install the larger copy, which has them all.",
        )
    return ModelError(
        f"This method needs the package {TITLES[package]}, which is not installed.",
        remedy=f"Install it: {COMMAND}",
    )
