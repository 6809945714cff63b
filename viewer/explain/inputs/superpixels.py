"""KernelSHAP and LIME: the picture cut into areas, which are shown or blackened together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import exp, sqrt
from typing import Any

import numpy as np
import torch

from viewer.errors import ModelError
from viewer.explain.asked import Answer, Asked, Progress
from viewer.explain.capture import Check
from viewer.explain.inputs.completeness import completeness
from viewer.explain.inputs.extra import optional
from viewer.explain.inputs.inquiry import grey_picture, inquiry, level

AREAS = 50
SAMPLES = 500
KERNEL_WIDTH = 0.25
RIDGE = 1.0
COMPACTNESS = 0.1
"""Of SLIC, for greys from 0 to 1: areas follow edges of a tenth of the range and are round elsewhere."""
FAIR_FIT = 0.5
DARK = 0.04
"""Grey, averaged over a neighbourhood: what is darker is one area, since blackening it changes nothing."""
NEIGHBOURHOOD = 2.0


def kernel_shap(asked: Asked, progress: Progress, check: Check) -> Answer:
    """KernelSHAP (Lundberg and Lee 2017, theorem 2), by Captum: the Shapley values of 50 areas.

    500 sets of areas, drawn in pairs with their complements, with the Shapley kernel's chances. Each pixel
    holds its area's whole share of the logit difference to a black picture.
    """
    attribution = optional("captum.attr")
    areas = superpixels(asked)
    surrogate = _surrogate("linear_model.LinearRegression")
    with inquiry(asked, SAMPLES, progress, check) as network:
        method = attribution.KernelShap(network.answers)
        method.interpretable_model = surrogate
        method.perturb_func = _pairs(asked.seed)
        found = _attribute(method, asked, areas, network.batch)
    high, low = surrogate.answers[:2].tolist()
    told = completeness(float(found.sum()), high - low, "areas' shares sum")
    error = surrogate.standard_error
    drawn = f"Which sets were drawn moves a share by about {error:.2g} (standard error)."
    doubt = ("That is much: most shares cannot be told from chance.",) if 2 * error > found.std() else ()
    return Answer(found[areas], (*told, drawn, *doubt))


def lime(asked: Asked, progress: Progress, check: Check) -> Answer:
    """LIME for pictures (Ribeiro et al. 2016, section 3.4), by Captum: a linear stand-in for 50 areas.

    As the authors' code: each area is shown with a chance of one half, samples count by the cosine distance
    to the whole picture (kernel width 0.25), the linear model is a ridge regression. Each pixel holds its
    area's weight: what showing the area adds to the logit.
    """
    attribution = optional("captum.attr")
    areas = superpixels(asked)
    surrogate = _surrogate("linear_model.Ridge", alpha=RIDGE)
    with inquiry(asked, SAMPLES, progress, check) as network:
        method = attribution.Lime(
            network.answers,
            interpretable_model=surrogate,
            similarity_func=_likeness,
            perturb_func=_coins(asked.seed),
        )
        found = _attribute(method, asked, areas, network.batch)
    fit = surrogate.fit_quality
    told = f"The linear stand-in explains {100 * max(fit, 0.0):.0f} % of how the answer varies."
    poor = () if fit >= FAIR_FIT else ("That is little: the weights cannot be relied on.",)
    return Answer(found[areas], (told, *poor))


def superpixels(asked: Asked) -> np.ndarray:
    """(h, w) int: the number, from 0, of each pixel's area (SLIC, Achanta et al. 2012).

    Whatever is as good as black is one area: what surrounds a head needs no areas of its own.
    """
    segmentation, filters = optional("skimage.segmentation"), optional("skimage.filters")
    grey = grey_picture(asked)
    bright = filters.gaussian(grey, NEIGHBOURHOOD) > DARK
    areas = np.zeros(grey.shape, int)
    if bright.any():
        areas = segmentation.slic(
            grey, n_segments=AREAS, compactness=COMPACTNESS, channel_axis=None, start_label=1, mask=bright
        )
    areas = np.unique(areas, return_inverse=True)[1].reshape(grey.shape)
    if areas.max() < 1:
        raise ModelError("The picture cannot be cut into areas.", remedy="Choose another method.")
    return areas


def _attribute(method: Any, asked: Asked, areas: np.ndarray, batch: int) -> np.ndarray:
    """(areas,) float32: the weight of each."""
    mask = torch.from_numpy(areas).long().to(asked.image.device).expand(asked.image.shape)
    found = method.attribute(
        asked.image,
        baselines=level(asked, 0.0),
        feature_mask=mask,
        n_samples=SAMPLES,
        perturbations_per_eval=batch,
        return_input_shape=False,
    )
    weights: np.ndarray = found.flatten().cpu().numpy().astype(np.float32)
    return weights


Samples = Callable[..., Iterator[torch.Tensor]]
"""Captum asks it with the picture and keywords for rows (1, areas) of 1 (shown) and 0 (black)."""


def _pairs(seed: int) -> Samples:
    """All, none, then sets by the Shapley kernel, each followed by its complement.

    Captum's own draws come from the global random state, which is not ours to move.
    """

    def draw(original: torch.Tensor, **known: Any) -> Iterator[torch.Tensor]:
        generator, areas = torch.Generator().manual_seed(seed), int(known["num_interp_features"])
        yield torch.ones(1, areas, dtype=torch.long, device=original.device)
        yield torch.zeros(1, areas, dtype=torch.long, device=original.device)
        sizes = torch.arange(1, areas, dtype=torch.float64)
        chances = 1 / (sizes * (areas - sizes))
        while True:
            shown = int(torch.multinomial(chances, 1, generator=generator)) + 1
            chosen = torch.zeros(1, areas, dtype=torch.long)
            chosen[0, torch.randperm(areas, generator=generator)[:shown]] = 1
            yield chosen.to(original.device)
            yield (1 - chosen).to(original.device)

    return draw


def _coins(seed: int) -> Samples:
    """All, then each area shown with a chance of one half."""

    def draw(original: torch.Tensor, **known: Any) -> Iterator[torch.Tensor]:
        generator, areas = torch.Generator().manual_seed(seed), int(known["num_interp_features"])
        yield torch.ones(1, areas, dtype=torch.long, device=original.device)
        while True:
            yield torch.randint(0, 2, (1, areas), generator=generator).to(original.device)

    return draw


def _likeness(_original: torch.Tensor, _shown: torch.Tensor, sample: torch.Tensor, **_known: Any) -> float:
    apart = 1 - sqrt(float(sample.float().mean()))  # cosine distance of the row to one of ones
    return sqrt(exp(-(apart**2) / KERNEL_WIDTH**2))


def _surrogate(kind: str, **arguments: Any) -> Any:
    """Captum's linear model by scikit-learn, in 64 bits. It also tells the `answers` it was given, how well
    it fits them (`fit_quality`, R²) and how far chance moves its weights (`standard_error`)."""
    optional("sklearn.linear_model")
    linear = optional("captum._utils.models.linear_model")
    data = torch.utils.data

    class Surrogate(linear.SkLearnLinearModel):  # type: ignore[name-defined]
        def fit(self, train_data: Any, **keywords: Any) -> Any:
            samples, answers, weights = (tensor.cpu().double() for tensor in train_data.dataset.tensors)
            rows = data.TensorDataset(samples, answers, weights)
            with torch.random.fork_rng(devices=[]):  # Captum's linear layer is made at random, then filled
                told = super().fit(train_data=data.DataLoader(rows, batch_size=len(rows)), **keywords)
            said = samples @ self.linear.weight.detach().double()[0] + float(self.linear.bias.detach())
            self.answers = answers
            self.fit_quality, self.standard_error = _fit(
                *(v.numpy() for v in (samples, answers, weights, said))
            )
            return told

    return Surrogate(kind, **arguments)


def _fit(
    samples: np.ndarray, answers: np.ndarray, weights: np.ndarray, said: np.ndarray
) -> tuple[float, float]:
    """R², and the standard error of the coefficients (root mean square), of a weighted regression.

    Captum holds KernelSHAP to its two ends with a weight of a million: their rounding is no noise.
    """
    spread = float(weights @ (answers - np.average(answers, weights=weights)) ** 2)
    apart = (answers - said) ** 2
    fit = 1 - float(weights @ apart) / spread if spread > 0 else 1.0
    rows = np.column_stack([samples, np.ones(len(samples))])
    information = np.linalg.pinv(rows.T @ (weights[:, None] * rows))
    drawn = weights < weights.max() if weights.min() < weights.max() else weights > 0
    noise = float(weights[drawn] @ apart[drawn]) / max(1, int(drawn.sum()) - samples.shape[1])
    return fit, float(np.sqrt(max(noise * np.diag(information)[:-1].mean(), 0.0)))
