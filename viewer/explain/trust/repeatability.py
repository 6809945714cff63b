"""Whether a map stays what it is when the image changes by what no reader would notice."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from viewer.explain.capture import Check
from viewer.explain.methods import METHODS
from viewer.explain.trust.shown import Shown, map_of
from viewer.explain.trust.similarity import Likeness, likeness, on_grid

NOISE = 0.05
"""Standard deviation of the noise, as a fraction of the image's spread (2nd to 98th percentile)."""

SHIFT = 2
"""Cells of the grid on which maps are compared: 8 pixels of 224."""


def noise_repeats(shown: Shown) -> int:
    """How often noise is tried: less often with a method that takes many passes itself."""
    return 8 if METHODS[shown.method].passes <= 2 else 2


def noise(shown: Shown, check: Check, seed: int = 0) -> Iterator[Likeness | None]:
    """The shown map against those of the image with noise, `noise_repeats` times."""
    generator = np.random.default_rng(seed)
    low, high = np.percentile(shown.image, (2, 98))
    before = on_grid(shown.cam, shown.grid)
    for _ in range(noise_repeats(shown)):
        drawn = generator.standard_normal(shown.image.shape).astype(np.float32)
        changed = map_of(shown, shown.image + np.float32(NOISE * (high - low)) * drawn, check)
        yield likeness(before, on_grid(changed, shown.grid))


def shift(shown: Shown, check: Check) -> Iterator[Likeness | None]:
    """Against the maps of the image moved in four directions, moved back; what left the image is left out."""
    for down, right in ((SHIFT, 0), (-SHIFT, 0), (0, SHIFT), (0, -SHIFT)):
        yield _moved(shown, check, down, right)


def flip(shown: Shown, check: Check) -> Iterator[Likeness | None]:
    """Against the map of the image mirrored left to right, mirrored back."""
    changed = map_of(shown, shown.image[..., ::-1], check)
    yield likeness(on_grid(shown.cam, shown.grid), on_grid(changed[:, ::-1], shown.grid))


Repeat = Callable[[Shown, Check], Iterator[Likeness | None]]


def _moved(shown: Shown, check: Check, down: int, right: int) -> Likeness | None:
    """`down` and `right` in cells of the grid on which maps are compared."""
    high, wide = shown.grid
    step = shown.size[0] // high, shown.size[1] // wide
    moved = np.broadcast_to(shown.black, shown.image.shape).copy()
    by = down * step[0], right * step[1]
    moved[(slice(None), *_to(shown.size, by))] = shown.image[(slice(None), *_from(shown.size, by))]
    before, after = on_grid(shown.cam, shown.grid), on_grid(map_of(shown, moved, check), shown.grid)
    cells = down, right
    return likeness(before[_from(shown.grid, cells)], after[_to(shown.grid, cells)])


def _to(size: tuple[int, int], by: tuple[int, int]) -> tuple[slice, ...]:
    """Where what is moved `by` comes to lie."""
    return tuple(slice(max(0, n), length + min(0, n)) for length, n in zip(size, by, strict=True))


def _from(size: tuple[int, int], by: tuple[int, int]) -> tuple[slice, ...]:
    """Where it lay."""
    return tuple(slice(max(0, -n), length - max(0, n)) for length, n in zip(size, by, strict=True))
