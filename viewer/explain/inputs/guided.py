"""Guided Integrated Gradients: a path that goes through the pixels the answer hangs on least, first."""

from __future__ import annotations

import numpy as np
import torch

from viewer.explain.asked import Answer, Asked, Progress
from viewer.explain.capture import Check
from viewer.explain.inputs.completeness import completeness
from viewer.explain.inputs.inquiry import inquiry, level, summed
from viewer.explain.inputs.integrated import BLACK

STEPS = 25
FRACTION = 0.5
MAX_DISTANCE = 1.0
CLOSE = 1e-9
"""Of the whole way: the rounding of 64-bit sums over all pixels."""


def guided_integrated_gradients(asked: Asked, progress: Progress, check: Check) -> Answer:
    """Guided Integrated Gradients (Kapishnikov et al. 2021, section 4 and algorithm 1) from black.

    25 steps of equal length in L1; in each, the half of the input values with the smallest gradient moves
    first; how far a value may be ahead of or behind the straight line is `MAX_DISTANCE` (1: anywhere).
    The gradient along a step is the mean of those at its ends, where the authors' code takes the first:
    the same integral, closer for the same passes.
    """
    start = level(asked, 0.0).cpu().double()  # not every device knows 64 bits
    with inquiry(asked, STEPS + 1, progress, check) as network:
        end, at = network.image.cpu().double(), start
        score, slope = network.slopes(start)
        low = high = float(score)
        share = torch.zeros_like(at)
        for step in range(1, STEPS + 1):
            there = advance(at, slope, start, end, step / STEPS)
            score, ahead = network.slopes(there)
            share += (there - at) * (slope.double() + ahead.double()) / 2
            at, slope, high = there, ahead, float(score)
    cam = summed(share)
    return Answer(cam, (*completeness(float(cam.sum(dtype=np.float64)), high - low), BLACK))


def advance(
    at: torch.Tensor,
    slope: torch.Tensor,
    start: torch.Tensor,
    end: torch.Tensor,
    part: float,
    *,
    fraction: float = FRACTION,
    max_distance: float = MAX_DISTANCE,
) -> torch.Tensor:
    """The next point of the path: `part` (0 … 1) of the way from `start` to `end`, by L1.

    Parameters
    ----------
    at, start, end : float64, of one shape; `at` lies in the box between the two.
    slope : the gradient at `at`; the smallest in amount move first.
    fraction : of the values that may still move, how many move at a time. The authors' code counts all
        values; black air, which need not move, would then use the fraction up.
    max_distance : no value's own part of its way differs from `part` by more.
    """
    span = end - start
    floor = start + max(part - max_distance, 0.0) * span
    # start + span may round to beside the end, and then a value that has arrived would move again.
    ceiling = end if part + max_distance >= 1 else start + (part + max_distance) * span
    way = span.sign()
    now = torch.where((floor - at) * way > 0, floor, at)
    whole = float(span.abs().sum())
    excess = float((end - now).abs().sum()) - (1 - part) * whole
    amount = slope.double().abs()
    while excess > CLOSE * whole:
        left = (ceiling - now).abs()
        movable = left > 0
        count = int(movable.sum())
        if not count:
            break
        rank = max(1, int(fraction * count))
        threshold = amount[movable].kthvalue(rank).values
        moving = movable & (amount <= threshold)
        room = float(left[moving].sum())
        share = min(1.0, excess / room)
        now = torch.where(moving, ceiling if share == 1.0 else now + share * (ceiling - now), now)
        excess -= room * share
    return now
