"""Occlusion: what the logit loses when a black square covers a place."""

from __future__ import annotations

from math import ceil

import torch

from viewer.explain.asked import Answer, Asked, Progress
from viewer.explain.capture import Check
from viewer.explain.inputs.extra import optional
from viewer.explain.inputs.inquiry import inquiry, level, summed

WINDOWS = 7
"""Squares side by side across the input; they move by half their size: 32 and 16 pixels of 224."""


def occlusion(asked: Asked, progress: Progress, check: Check) -> Answer:
    """Occlusion (Zeiler and Fergus 2014, section 4.1), by Captum.

    A pixel's value is the mean loss of logit over the squares that cover it; negative where covering
    it helps the answer. The papers cover with grey; black is what the network knows from beside the slice.
    """
    attribution = optional("captum.attr")
    channels, *size = asked.image.shape[1:]
    window = [ceil(side / WINDOWS) for side in size]
    stride = [ceil(side / 2) for side in window]
    places = 1
    for side, wide, apart in zip(size, window, stride, strict=True):
        places *= ceil((side - wide) / apart) + 1
    with inquiry(asked, places + 1, progress, check) as network, torch.no_grad():
        found = attribution.Occlusion(network.answers).attribute(
            network.image,
            sliding_window_shapes=(channels, *window),
            strides=(channels, *stride),
            baselines=level(asked, 0.0),
            perturbations_per_eval=network.batch,
        )
    # A square covers all channels: each holds the whole loss.
    squares = " x ".join(str(side) for side in window)
    return Answer(summed(found) / channels, (f"Covered by black squares of {squares} pixels of the input.",))
