"""The maps of every label of one slice: in closed form where the network's head allows it.

Behind global average pooling and one linear layer a label's Grad-CAM is the activation weighted by the
label's row of that layer (Zhou et al. 2016; Selvaraju et al. 2017, section 3.1): one forward pass gives all
labels. That a network ends so is not taken from its name or its modules: the head must give the logits and
their slopes on the slice asked about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from viewer.explain.analyse import finite
from viewer.explain.cam import grad_cam
from viewer.explain.capture import Check, passed, score_of, slopes
from viewer.explain.grid import evidence_grids, grid_reader
from viewer.explain.layers import default_layer
from viewer.explain.passes import in_words
from viewer.inference.loading import LoadedModel
from viewer.inference.predict import prediction_of
from viewer.results import Prediction

EQUAL = 1e-4
"""Of the largest logit or slope: float32 leaves 1e-6, another head differs by far more."""


@dataclass(frozen=True, eq=False, slots=True)
class EveryLabel:
    """Grad-CAM of every label at one layer: `cams` maps a label to its raw map, (h, w) float32, in logits.

    `closed` says that they were computed in closed form, without a backward pass for each label.
    """

    prediction: Prediction
    layer: str
    cams: Mapping[str, np.ndarray]
    closed: bool


def every_label(
    loaded: LoadedModel, image: np.ndarray, layer: str = "", check: Check = lambda: None
) -> EveryLabel:
    """The maps of all labels from one forward pass, and one backward pass for each where it needs them.

    Parameters
    ----------
    image : (channels, h, w) float32, as `prepare` makes it.
    layer : module path; "" for the model's default layer.
    check : raises `Cancelled` to stop.

    Raises ModelError as `analyse_slice` does.
    """
    name = layer or default_layer(loaded)
    labels = loaded.card.labels
    images = torch.from_numpy(image)[None].to(loaded.device)
    network = loaded.module
    with in_words(loaded), passed(network, images, [name], check) as (logits, points):
        prediction = prediction_of(loaded.card, logits)
        weights = _channel_weights(network, name, logits, points[name])
        if weights is not None:
            grid = grid_reader(network, name)(points[name].detach()).float()
            maps = list(torch.einsum("tk,k...->t...", weights, grid))
        else:
            maps = []
            for index in range(len(labels)):
                check()
                slope = slopes(score_of(logits, index)[0], (points[name],), again=index + 1 < len(labels))[0]
                maps.append(grad_cam(*evidence_grids(network, name, points[name].detach(), slope)))
    found = (np.ascontiguousarray(one.cpu().numpy(), dtype=np.float32) for one in maps)
    cams = {label: finite(cam, name) for label, cam in zip(labels, found, strict=True)}
    return EveryLabel(prediction, name, cams, closed=weights is not None)


def _channel_weights(
    network: nn.Module, layer: str, logits: torch.Tensor, point: torch.Tensor
) -> torch.Tensor | None:
    """(labels, channels): the mean slope of each label's logit in each channel; None without such a head.

    A head is believed if both the logits and the slopes of a mixture of all of them, which no two labels
    share, are those of ``bias + weight @ mean(f(A))``, `f` being nothing or ReLU (DenseNet has one there).
    """
    read = grid_reader(network, layer)
    values = read(point.detach()).double().flatten(1)
    answer = logits.detach()[0].double()
    mixture = torch.linspace(1, 2, len(answer), dtype=torch.float64, device=answer.device).sqrt()
    score = (logits[0] * mixture.to(logits)).sum()
    slope: torch.Tensor | None = None
    for head in reversed(list(network.modules())):
        if not isinstance(head, nn.Linear) or tuple(head.weight.shape) != (len(answer), len(values)):
            continue
        weight = head.weight.detach().double()
        bias = head.bias.detach().double() if head.bias is not None else 0
        if slope is None:
            slope = read(slopes(score, (point,), again=True)[0]).double().flatten(1)
        for active in (torch.ones_like(values), (values > 0).double()):
            expected = bias + weight @ (values * active).mean(1)
            rise = (mixture @ weight)[:, None] * active / values.shape[1]
            if _same(answer, expected) and _same(slope, rise):
                return (weight * active.mean(1) / values.shape[1]).float()
    return None


def _same(one: torch.Tensor, other: torch.Tensor) -> bool:
    largest = float(torch.maximum(one.abs().max(), other.abs().max()))
    return float((one - other).abs().max()) <= EQUAL * largest
