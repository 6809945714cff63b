"""The colour scale in force: what the reader asked for, as far as the values of the map allow it."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from viewer.explain import methods
from viewer.imaging.colormap import GREY, scale_of
from viewer.results import Layer
from viewer.session.state import Overlay

if TYPE_CHECKING:
    from viewer.inference.card import Card


@lru_cache(maxsize=8)
def in_force(overlay: Overlay, *, relative: bool, positive: bool = False, grey: bool = False) -> Overlay:
    """The overlay as it is shown: the values of some methods have no unit, and so no absolute scale, or
    tell of evidence for alone; `grey` until the reader has looked why not to believe the map."""
    if grey:
        overlay = replace(overlay, colormap=GREY)
    if relative:
        overlay = replace(overlay, scale="relative")
    return replace(overlay, evidence="positive") if positive else overlay


def heat_range_of(overlay: Overlay, top: float | None, raw_range: tuple[float, float]) -> tuple[float, float]:
    """Evidence at the bottom and the top of the colour scale of one map.

    `top` is the card's for the map's layer and method, None where it has none; `raw_range` the map's own.
    """
    if overlay.scale == "relative" or top is None:
        low, high = raw_range
        top = {"positive": high, "negative": -low}.get(overlay.evidence, max(high, -low))
    return scale_of(overlay.evidence, max(top, 0.0))


def absolute_top(card: Card, method: methods.Method, layer: Layer) -> float | None:
    """Evidence at the top of the model's absolute scale; None where the values have no unit, or the card
    fixes no scale for them."""
    cells = layer.grid[0] * layer.grid[1]
    return card.scale.top(layer.name, method.id, cells) if method.unit else None
