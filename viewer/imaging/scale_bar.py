"""The scale bar of a picture: a round length, and its words; on the screen and on the page."""

from __future__ import annotations

import math


def round_length(longest: float) -> float:
    """The largest of 1, 2, 5, 10, 20, 50, … (or 0.5, 0.2, …) that is not above `longest`."""
    power = 10.0 ** math.floor(math.log10(longest))
    return next((step * power for step in (5.0, 2.0) if step * power <= longest), power)


def length_text(length: float, *, known: bool, calibration: str) -> str:
    """ "50 mm"; "px" where no spacing is `known`; said to be at the detector where it is of a projection."""
    text = f"{length:g} {'mm' if known else 'px'}"
    return f"{text} at the detector" if known and calibration == "ImagerPixelSpacing" else text
