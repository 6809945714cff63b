"""What the network saw, in words and as a place on the slice. Pure functions."""

from __future__ import annotations

from viewer.inference.card import CardInput
from viewer.results import AxisMapping, InputMapping
from viewer.study import Box

_FITS = {
    "letterbox": "the whole slice in its true proportions",
    "crop": "the centre of the slice, filling the input",
    "stretch": "the whole slice, stretched to fill the input",
}


def seen_box(mapping: InputMapping) -> Box:
    """The part of the slice that lies on the network's input."""
    (top, bottom), (left, right) = _seen(mapping.rows), _seen(mapping.cols)
    return Box(top, left, bottom, right)


def _seen(axis: AxisMapping) -> tuple[float, float]:
    ends = sorted(((0 - axis.offset) / axis.scale, (axis.input_size - axis.offset) / axis.scale))
    low, high = (min(max(end, 0.0), float(axis.slice_size)) for end in ends)
    return low, high


def input_words(card: CardInput, mapping: InputMapping, *, inverted: bool = False) -> tuple[str, ...]:
    """How the slice became the network's input, one step each, in their order.

    `inverted` says that the file stores white as 0 (MONOCHROME1).
    """
    lines = []
    if inverted:
        lines.append("Turned from MONOCHROME1, so that bone is bright.")
    if card.normalisation == "window":
        low, high = card.center - card.width / 2, card.center + card.width / 2
        grey = f"{low:g} is black and {high:g} white, whatever the window on the screen"
    else:
        grey = f"Percentiles {card.low:g} and {card.high:g} of the slice are black and white"
    lines.append(f"{grey}.".replace("-", "−"))
    height, width = card.size
    channels = "1 channel" if card.channels == 1 else f"{card.channels} channels"
    lines.append(f"{width}×{height}, {channels}: {_FITS[card.fit]}{_border(mapping)}.")
    lines.append(f"{_scale(mapping)}.")
    if card.flip:
        lines.append("Mirrored left to right.")
    lines.append(f"Mean {_numbers(card.mean)} taken away, divided by {_numbers(card.std)}.")
    return tuple(lines)


def _border(mapping: InputMapping) -> str:
    beside = [
        name
        for name, axis in (("above and below", mapping.rows), ("left and right", mapping.cols))
        if abs(axis.scale) * axis.slice_size < axis.input_size - 0.5
    ]
    return f", black {' and '.join(beside)}" if beside else ""


def _scale(mapping: InputMapping) -> str:
    down, across = abs(mapping.rows.scale), abs(mapping.cols.scale)
    if abs(down - across) < 0.005 * down:
        return f"One input pixel is {1 / down:.3g} slice pixels"
    return f"One input pixel is {1 / across:.3g} slice pixels wide and {1 / down:.3g} high"


def _numbers(values: tuple[float, ...]) -> str:
    texts = [f"{value:.3g}" for value in values]
    return texts[0] if len(set(texts)) == 1 else ", ".join(texts)
