"""The slope of the answer by the input, plain and averaged over noise."""

from __future__ import annotations

import torch

from viewer.explain.asked import Answer, Asked, Progress
from viewer.explain.capture import Check
from viewer.explain.inputs.inquiry import by_grey, inquiry, noisy, summed

SAMPLES = 25
SPREAD = 0.15


def gradient(asked: Asked, progress: Progress, check: Check) -> Answer:
    """The gradient (Simonyan et al. 2014, section 3), signed.

    How fast the logit rises when a pixel turns brighter: logits per full range of grey, the channels
    added up (a grey slice is the same in all of them). The paper shows its amount.
    """
    with inquiry(asked, 1, progress, check) as network:
        _scores, slopes = network.slopes(network.image)
        return Answer(summed(by_grey(asked, slopes)))


def smooth_gradient(asked: Asked, progress: Progress, check: Check) -> Answer:
    """SmoothGrad (Smilkov et al. 2017, section 3): the mean gradient of 25 noisy copies of the picture.

    The noise's standard deviation is 0.15 of the picture's range, as the network sees it.
    """
    draw = noisy(asked, SPREAD)
    with inquiry(asked, SAMPLES, progress, check) as network:
        total = torch.zeros_like(network.image, dtype=torch.float32)
        for batch in network.batches(SAMPLES):
            _scores, slopes = network.slopes(torch.cat([draw() for _ in batch]))
            total += slopes.sum(0, keepdim=True)
        return Answer(summed(by_grey(asked, total / SAMPLES)))
