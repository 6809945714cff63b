"""Integrated Gradients: the difference to a black picture, shared out over the pixels."""

from __future__ import annotations

import numpy as np
import torch

from viewer.explain.asked import Answer, Asked, Progress
from viewer.explain.capture import Check
from viewer.explain.inputs.completeness import completeness
from viewer.explain.inputs.inquiry import Inquiry, inquiry, level, noisy, summed

STEPS = 25
SAMPLES = 25
SPREAD = 0.15

BLACK = "Baseline: a black picture; what is black itself gets no share."


def integrated_gradients(asked: Asked, progress: Progress, check: Check) -> Answer:
    """Integrated Gradients (Sundararajan et al. 2017, eq. 1) from black, 25 steps.

    The steps are the nodes of Gauss and Legendre, as in Captum. The channels' shares are added up.
    """
    black = level(asked, 0.0)
    with inquiry(asked, STEPS + 2, progress, check) as network:
        share = along_line(network, network.image, black)
        high, low = network.scores(torch.cat([network.image, black])).tolist()
    cam = summed(share)
    return Answer(cam, (*completeness(float(cam.sum(dtype=np.float64)), high - low), BLACK))


def smooth_integrated_gradients(asked: Asked, progress: Progress, check: Check) -> Answer:
    """The mean of Integrated Gradients over 25 noisy copies (Smilkov et al. 2017, section 3.3).

    The gap is that to the picture without noise: it also holds what noise does to the answer.
    """
    black, draw = level(asked, 0.0), noisy(asked, SPREAD)
    with inquiry(asked, SAMPLES * STEPS + 2, progress, check) as network:
        total = torch.zeros_like(black)
        for _ in range(SAMPLES):
            total += along_line(network, draw(), black)
        high, low = network.scores(torch.cat([network.image, black])).tolist()
    cam = summed(total / SAMPLES)
    return Answer(cam, (*completeness(float(cam.sum(dtype=np.float64)), high - low), BLACK))


def along_line(
    network: Inquiry, image: torch.Tensor, baseline: torch.Tensor, steps: int = STEPS
) -> torch.Tensor:
    """(1, channels, *size): each input value's share on the straight line from `baseline` to `image`."""
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    places = torch.tensor((nodes + 1) / 2, dtype=torch.float32, device=image.device)
    parts = torch.tensor(weights / 2, dtype=torch.float32, device=image.device)
    mean = torch.zeros_like(image, dtype=torch.float32)
    for batch in network.batches(steps):
        at = slice(batch.start, batch.stop)
        shape = (-1, *[1] * (image.ndim - 1))
        _scores, slopes = network.slopes(baseline + places[at].reshape(shape) * (image - baseline))
        mean += (parts[at].reshape(shape) * slopes).sum(0, keepdim=True)
    return (image - baseline) * mean
