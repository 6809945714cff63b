"""The lines that ask the network: two at once for every map, the others when the reader wants them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from viewer.explain.asked import Progress
from viewer.explain.capture import Check
from viewer.explain.trust import perturbation, randomisation, repeatability, weights
from viewer.explain.trust.agreement import by_chance, overlap, with_methods
from viewer.explain.trust.constancy import is_constant
from viewer.explain.trust.live import live_lines
from viewer.explain.trust.shown import Shown, family_maps
from viewer.explain.trust.similarity import Likeness, chance_likeness, mean_of
from viewer.explain.trust.verdict import (
    COSTLY,
    QUICK,
    TITLES,
    TrustLine,
    methods_line,
    of_constant,
    perturbation_line,
    randomisation_line,
    repeat_line,
    weights_line,
)
from viewer.study import Slice

CONTROL_METHOD = "energy"
"""Knows no finding: what it shows of a layer is there for every answer."""
NO_TARGET = (CONTROL_METHOD, "eigen-cam")


@dataclass(frozen=True, slots=True)
class Quick:
    """Whether the network gives the same answer to everything, and the lines that take a pass or two."""

    constant: bool
    lines: tuple[TrustLine, ...]


def quick_lines(
    shown: Shown, check: Check, seed: int = 0, *, weights_known: TrustLine | None = None
) -> Quick:
    """Whether the answer depends on the image; the order of the weights; what other methods show.

    `weights_known` is the line about the weights from another map of the same network, if there is one.
    """
    if is_constant(shown, check, seed):
        return Quick(True, of_constant([TrustLine(id, TITLES[id], "", "", "", "") for id in QUICK]))
    order = weights_known or weights_line(weights.learned(shown.loaded.module, check, seed))
    maps = family_maps(shown, check)
    others = {id: cam for id, cam in maps.items() if id not in NO_TARGET and id != shown.method}
    found = with_methods(shown.cam, others, shown.grid)
    control = overlap(shown.cam, maps[CONTROL_METHOD], shown.grid)
    line = methods_line(found, by_chance(shown.cam, shown.grid, seed), control)
    return Quick(False, (order, line))


def all_lines(
    shown: Shown, slice: Slice, check: Check = lambda: None, seed: int = 0
) -> tuple[TrustLine, ...]:
    """Every line about a map that needs no region drawn."""
    live = live_lines(shown.result, shown.layer, slice)
    quick = quick_lines(shown, check, seed)
    live = of_constant(live) if quick.constant else live
    return (*quick.lines, *live, *costly_lines(shown, lambda _done, _total: None, check, seed))


def costly_lines(shown: Shown, progress: Progress, check: Check, seed: int = 0) -> Iterator[TrustLine]:
    """Randomised weights, repeatability, deletion and insertion: each line as soon as it is known.

    `progress` counts maps and curves. The same seed gives the same lines.
    """
    if is_constant(shown, check, seed):
        yield from of_constant([TrustLine(id, TITLES[id], "", "", "", "") for id in COSTLY])
        return
    count = _Counted(progress, _steps(shown))
    chance = chance_likeness(shown.cam, shown.grid, seed)
    stages = count.each(randomisation.cascade(shown, check, seed))
    yield randomisation_line(stages, chance)
    for id, repeats in (
        ("noise", repeatability.noise(shown, check, seed)),
        ("shift", repeatability.shift(shown, check)),
        ("flip", repeatability.flip(shown, check)),
    ):
        yield repeat_line(id, mean_of(count.each(repeats)), chance)
    yield perturbation_line("deletion", perturbation.deletion(shown, check, count.step, seed))
    yield perturbation_line("insertion", perturbation.insertion(shown, check, count.step, seed))


def _steps(shown: Shown) -> int:
    stages = len(randomisation.stages(shown.loaded.module))
    return stages + repeatability.noise_repeats(shown) + 4 + 1 + 2 * perturbation.CURVES


class _Counted:
    """Reports one more step done."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0
        progress(0, total)

    def step(self) -> None:
        self._done += 1
        self._progress(self._done, self._total)

    def each(self, found: Iterator[Likeness | None]) -> list[Likeness | None]:
        """All of `found`, reporting after each."""
        kept = []
        for one in found:
            kept.append(one)
            self.step()
        return kept
