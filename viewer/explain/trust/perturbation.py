"""Deletion and insertion: does the answer depend on what the map points at?

Petsiuk et al. 2018, "RISE", section 3.3. Pixels are taken away, or given to a blurred image, in the order of
the map; the area under the curve of the target's probability is small for a good map's deletion and large
for its insertion. The same is done in random orders, as coarse as the map, and from the centre outwards: a
map is worth what it beats them by.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from viewer.explain.capture import Check
from viewer.explain.trust.perturbation_curve import LEAST_ROOM, Curve
from viewer.explain.trust.shown import Shown, chances_of
from viewer.explain.trust.similarity import on_grid

STEPS = 14
RANDOM_ORDERS = 2

Step = Callable[[], None]
"""Called after each curve, to report progress."""
CURVES = 2 + RANDOM_ORDERS


def deletion(shown: Shown, check: Check, step: Step = lambda: None, seed: int = 0) -> Curve:
    """Pixels are replaced by the zero of the network's input, its training mean, the map's best first."""
    nothing = np.zeros_like(shown.image)
    return _curve(shown, shown.image, nothing, check, step, seed)


def insertion(shown: Shown, check: Check, step: Step = lambda: None, seed: int = 0) -> Curve:
    """Pixels of a blurred image become those of the slice, the map's best first.

    The blur is a sixteenth of the image (the paper's 5 pixels leave a large lesion as it is).
    """
    return _curve(shown, blurred(shown.image), shown.image, check, step, seed)


def blurred(image: np.ndarray) -> np.ndarray:
    """(channels, h, w) with a Gaussian blur of a sixteenth of its size, edges repeated."""
    down, across = (_gaussian(length) for length in image.shape[1:])
    return (down @ image @ across.T).astype(np.float32)


def _gaussian(length: int) -> np.ndarray:
    sigma = length / 16
    place = np.arange(-3 * round(sigma + 1), length + 3 * round(sigma + 1))
    weights = np.exp(-((place - np.arange(length)[:, None]) ** 2) / (2 * sigma**2))
    weights /= weights.sum(1, keepdims=True)
    table = np.zeros((length, length))
    np.add.at(table.T, np.clip(place, 0, length - 1), weights.T)
    return table


def _curve(shown: Shown, start: np.ndarray, end: np.ndarray, check: Check, step: Step, seed: int) -> Curve:
    """Go from `start` to `end` in the three kinds of order."""
    generator = np.random.default_rng(seed)
    ends = chances_of(shown, np.stack([start, end]), check)
    whole, none = (ends[0], ends[1]) if start is shown.image else (ends[1], ends[0])
    room = float(whole - none)
    if room < LEAST_ROOM:
        for _ in range(CURVES):
            step()
        return Curve(0.0, 0.0, 0.0, room)
    maps = [on_grid(shown.cam, shown.size), _from_the_centre(shown.size)]
    maps += [on_grid(generator.random(shown.cam.shape), shown.size) for _ in range(RANDOM_ORDERS)]
    areas = []
    for values in maps:
        areas.append(_area(shown, start, end, values, ends, check))
        step()
    return Curve(areas[0], float(np.mean(areas[2:])), areas[1], room)


def _area(
    shown: Shown, start: np.ndarray, end: np.ndarray, values: np.ndarray, ends: np.ndarray, check: Check
) -> float:
    """Trapezoid over the fractions 0, 1/STEPS … 1 of all pixels, those with the highest values first."""
    order = np.argsort(-values.ravel(), kind="stable")
    images = []
    for taken in range(1, STEPS):
        chosen = np.zeros(order.size, bool)
        chosen[order[: round(order.size * taken / STEPS)]] = True
        images.append(np.where(chosen.reshape(values.shape), end, start))
    curve = np.concatenate([ends[:1], chances_of(shown, np.stack(images), check), ends[1:]])
    return float((curve[1:] + curve[:-1]).mean() / 2)


def _from_the_centre(size: tuple[int, int]) -> np.ndarray:
    rows, cols = np.ogrid[: size[0], : size[1]]
    blob: np.ndarray = -(((rows + 0.5) / size[0] - 0.5) ** 2 + ((cols + 0.5) / size[1] - 0.5) ** 2)
    return blob
