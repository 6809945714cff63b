"""Blur Integrated Gradients: the difference to a blurred picture, shared out along the way to sharpness."""

from __future__ import annotations

from math import ceil

import numpy as np
import torch

from viewer.explain.asked import Answer, Asked, Progress
from viewer.explain.capture import Check
from viewer.explain.inputs.completeness import completeness
from viewer.explain.inputs.inquiry import inquiry, level, summed

STEPS = 100
MAX_SIGMA = 50.0
TRUNCATE = 4.0
"""Standard deviations, as SciPy's filter in the authors' code."""


def blur_integrated_gradients(asked: Asked, progress: Progress, check: Check) -> Answer:
    """Blur Integrated Gradients (Xu et al. 2020, eq. 3 and section 3.2): σ from 50 pixels to 0 in 100 steps.

    Beyond the input's edge there is black. A step's share is the change of the picture times the mean of
    the gradients at its two ends. The authors' code takes the blur's slope and the gradient at one end: the
    same integral, but its sum is off even for a linear network.
    """
    black = level(asked, 0.0).cpu().double()  # not every device knows 64 bits
    sigmas = np.linspace(MAX_SIGMA, 0.0, STEPS + 1).tolist()
    with inquiry(asked, STEPS + 1, progress, check) as network:
        sharp = network.image.cpu().double()
        share = torch.zeros_like(sharp)
        before = None
        low = high = 0.0
        for batch in network.batches(len(sigmas)):
            images = torch.cat([blurred(sharp, sigmas[i], black) for i in batch])
            scores, slopes = network.slopes(images)
            for image, slope, score in zip(images, slopes.double(), scores.tolist(), strict=True):
                if before is None:
                    low = score
                else:
                    share += (image - before[0]) * (slope + before[1]) / 2
                before, high = (image, slope), score
    cam = summed(share)
    baseline = f"Baseline: the picture blurred with a standard deviation of {MAX_SIGMA:g} pixels."
    return Answer(cam, (*completeness(float(cam.sum(dtype=np.float64)), high - low), baseline))


def blurred(image: torch.Tensor, sigma: float, outside: torch.Tensor) -> torch.Tensor:
    """(n, channels, h, w) float64 -> the same under a Gaussian of `sigma` pixels, with `outside` around it.

    `outside` is a picture of one value per channel.
    """
    if sigma <= 0:
        return image.clone()
    down, across = (_gaussian(size, sigma) for size in image.shape[2:])
    return down @ (image - outside) @ across.T + outside


def _gaussian(size: int, sigma: float) -> torch.Tensor:
    """(size, size): one axis of the blur as a matrix; what falls off the edge is not folded back."""
    reach = max(1, ceil(TRUNCATE * sigma - 0.5))
    steps = torch.arange(-reach, reach + 1, dtype=torch.float64)
    kernel = torch.exp(-0.5 * (steps / sigma) ** 2)
    kernel /= kernel.sum()
    apart = (torch.arange(size)[:, None] - torch.arange(size)[None, :]).abs()
    return torch.where(apart <= reach, kernel[(apart.clamp(max=reach)) + reach], 0.0)
