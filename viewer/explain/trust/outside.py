"""How much of a map's heat lies where no finding can be: outside the body, on the input's border, on text.

Each figure stands beside its chance level, the share of the picture that the place takes up: what a map
that knows nothing would put there. NumPy only, a few milliseconds, so it can be shown live.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from viewer.explain.heatmap import to_slice
from viewer.explain.trust.body import body_mask
from viewer.explain.trust.lettering import text_mask
from viewer.results import AxisMapping, InputMapping
from viewer.study import Slice

GREEN, AMBER, RED, UNDEFINED = "green", "amber", "red", "undefined"
RIM = 1 / 16
"""Width of the outer border of the input, in shares of its side."""


@dataclass(frozen=True, slots=True)
class Place:
    """The heat in one place where no finding can be.

    Parameters
    ----------
    id : "body" (outside of it), "border" (outer rim of the input, and what the slice does not reach), or
        "text" (burned into the picture).
    share : of the heat that lies there, 0 … 1; None where it cannot be told.
    chance : the share an even map has there; None where there is no such place.
    peak : whether the strongest evidence lies there.
    level : "green", "amber", "red" or "undefined".
    sentence : what the reader is told.
    """

    id: str
    title: str
    level: str
    share: float | None
    chance: float | None
    peak: bool
    sentence: str

    @property
    def alarm(self) -> bool:
        """Whether the reader is warned without asking."""
        return self.level == RED


def places(
    cam: np.ndarray, mapping: InputMapping, slice: Slice, evidence: str = "positive"
) -> tuple[Place, Place, Place]:
    """Outside the body, on the border, on text: the heat of one map there.

    Parameters
    ----------
    cam : (h, w) raw signed map on the network's grid (or on its input), as in `SliceResult.cams`.
    evidence : "positive", "negative" or "signed" (both, by their size).
    """
    heat = heat_of(cam, evidence)
    on_slice = to_slice(heat, mapping)
    return (
        outside_body(on_slice, mapping, slice),
        on_border(heat, mapping),
        on_text(on_slice, mapping, slice),
    )


def heat_of(cam: np.ndarray, evidence: str = "positive") -> np.ndarray:
    """The evidence of one kind, not negative; what is no number is none."""
    clean = np.nan_to_num(cam.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    if evidence == "signed":
        return np.abs(clean)
    return np.maximum(-clean if evidence == "negative" else clean, 0)


def outside_body(heat: np.ndarray, mapping: InputMapping, slice: Slice) -> Place:
    """`heat` is (rows, cols) on the slice, not negative."""
    title = "Heat outside the body"
    body, seen = body_mask(slice), seen_mask(mapping)
    if body is None:
        why = "No body can be told from its surroundings in this slice, so heat outside it has no figure."
        return Place("body", title, UNDEFINED, None, None, False, why)
    outside = ~body & seen
    chance = float(outside.sum() / max(seen.sum(), 1))
    share, peak = _share(heat, outside)
    if share is None:
        return Place("body", title, UNDEFINED, None, chance, False, _NO_HEAT)
    if share >= 0.5 or (share >= 0.25 and share >= chance) or (peak and share >= 0.15):
        level = RED
    else:
        level = AMBER if share >= 0.1 and share >= 0.5 * chance else GREEN
    text = (
        f"{_percent(share)} of the heat lies outside the body ({_percent(chance)} of what the network saw)."
    )
    if level == RED:
        where = " Its peak lies there too." if peak else ""
        text += where + " The network looked at something other than the patient."
    return Place("body", title, level, share, chance, peak, text)


def on_border(heat: np.ndarray, mapping: InputMapping) -> Place:
    """The outer rim of the network's input, and the black border that the slice does not reach.

    `heat` is (h, w) on the network's grid, not negative. Padding makes networks see edges at the rim.
    """
    title = "Heat on the input's border"
    size = (mapping.rows.input_size, mapping.cols.input_size)
    on_input = to_slice(heat, InputMapping(_identity(size[0]), _identity(size[1])))
    rim = np.ones(size, bool)
    wide = [max(1, round(side * RIM)) for side in size]
    rim[wide[0] : size[0] - wide[0], wide[1] : size[1] - wide[1]] = False
    beyond = ~np.outer(reached(mapping.rows), reached(mapping.cols))
    place = rim | beyond
    chance = float(place.mean())
    share, peak = _share(on_input, place)
    if share is None:
        return Place("border", title, UNDEFINED, None, chance, False, _NO_HEAT)
    if share >= 0.5 or (peak and share >= 1.2 * chance):
        level = RED
    else:
        level = AMBER if share >= 1.2 * chance else GREEN
    added = _share(on_input, beyond)[0] or 0.0
    text = f"{_percent(share)} of the heat lies on the border of the input ({_percent(chance)} of its area)."
    if beyond.any():
        text += f" {_percent(added)} lies in the black border beside the slice, where there is no patient."
    if level == RED:
        text += " Maps peak at the border because of the network's padding, not because of a finding."
    return Place("border", title, level, share, chance, peak, text)


def on_text(heat: np.ndarray, mapping: InputMapping, slice: Slice) -> Place:
    """`heat` is (rows, cols) on the slice, not negative."""
    title = "Heat on burned-in text"
    text, seen = text_mask(slice), seen_mask(mapping)
    if text is None or not (text & seen).any():
        return Place("text", title, GREEN, 0.0, 0.0, False, "No burned-in text was found in this slice.")
    chance = float((text & seen).sum() / seen.sum())
    share, peak = _share(heat, text & seen)
    if share is None:
        return Place("text", title, UNDEFINED, None, chance, False, _NO_HEAT)
    if peak or share >= 0.2:
        level = RED
    else:
        level = AMBER if share >= 0.02 and share >= 2 * chance else GREEN
    said = (
        f"{_percent(share)} of the heat lies on burned-in text ({_percent(chance)} of what the network saw)."
    )
    if level == RED:
        said += (" Its peak lies there." if peak else "") + " The network may be reading, not looking."
    return Place("text", title, level, share, chance, peak, said)


def seen_mask(mapping: InputMapping) -> np.ndarray:
    """(rows, cols) bool: the part of the slice that the network saw."""
    return np.outer(mapping.rows.weights(1)[:, 0] > 0, mapping.cols.weights(1)[:, 0] > 0)


def reached(axis: AxisMapping) -> np.ndarray:
    """(input_size,) bool: the input pixels whose centre the slice reaches."""
    at = (np.arange(axis.input_size) + 0.5 - axis.offset) / axis.scale
    return (at >= 0) & (at <= axis.slice_size)


_NO_HEAT = "This map has no evidence of this kind, so there is nothing to share out."


def _identity(side: int) -> AxisMapping:
    return AxisMapping(side, side, 1.0, 0.0)


def _share(heat: np.ndarray, place: np.ndarray) -> tuple[float | None, bool]:
    """Share of the heat in a place, and whether its peak is there; (None, False) without heat."""
    total = float(heat.sum(dtype=np.float64))
    if not total > 0:
        return None, False
    peak = np.unravel_index(int(heat.argmax()), heat.shape)
    return float(heat[place].sum(dtype=np.float64)) / total, bool(place[peak])


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.01 or share == 0 else "Under 1 %"
