"""The scale bar of a picture: a round length, and its words; on the screen and on the page."""

from __future__ import annotations

import math


def round_length(longest: float) -> float:
    """The largest of 1, 2, 5, 10, 20, 50, … (or 0.5, 0.2, …) that is not above `longest`."""
    power = 10.0 ** math.floor(math.log10(longest))
    return next((step * power for step in (5.0, 2.0) if step * power <= longest), power)


def length_text(length: float, *, known: bool, calibration: str) -> str:
    """A length and where its scale comes from: "50 mm · PixelSpacing"; "50 px" where no spacing is `known`.

    Of a projection whose magnification nobody told: "50 mm at the detector · ImagerPixelSpacing".
    """
    if not known:
        return f"{length:g} px"
    text = f"{length:g} {millimetres(calibration)}"
    return f"{text} · {calibration}" if calibration else text


def millimetres(calibration: str) -> str:
    """ "mm", or "mm at the detector", which is more than in the patient."""
    return "mm at the detector" if calibration == "ImagerPixelSpacing" else "mm"
