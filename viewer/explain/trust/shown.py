"""The map on trial, and the means to ask for it again: of another image, or of another network."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from viewer.explain.asked import Asked
from viewer.explain.capture import Check, Target, score_of
from viewer.explain.grid import grid_reader
from viewer.explain.layers import default_layer
from viewer.explain.methods import FAMILY, LAYER, METHODS, of_kind
from viewer.explain.passes import in_words, run_pass
from viewer.explain.trust.similarity import grid_of
from viewer.inference.loading import LoadedModel
from viewer.results import SliceResult


@dataclass(frozen=True, eq=False, slots=True)
class Shown:
    """One layer's map of a result, with the network that made it.

    `loaded` must be nobody else's (see `explain.twin`). `target` is the label's index, or two of them.
    """

    loaded: LoadedModel
    result: SliceResult
    layer: str
    target: Target

    @property
    def cam(self) -> np.ndarray:
        return self.result.cams[self.layer]

    @property
    def image(self) -> np.ndarray:
        """(channels, h, w) float32, as the network saw the slice."""
        return self.result.input

    @property
    def method(self) -> str:
        return self.result.key.method

    @property
    def size(self) -> tuple[int, int]:
        return self.image.shape[1], self.image.shape[2]

    @property
    def grid(self) -> tuple[int, int]:
        """Where maps are compared."""
        return grid_of(self.size)

    @property
    def black(self) -> np.ndarray:
        """(channels, 1, 1): black, as the network sees it."""
        card = self.loaded.card.input
        mean, std = np.asarray(card.mean, np.float32), np.asarray(card.std, np.float32)
        return (-mean / std).reshape(-1, 1, 1)


def shown_of(loaded: LoadedModel, result: SliceResult, layer: str) -> Shown:
    """What is on trial when the map of `layer` is on the screen."""
    labels, key = loaded.card.labels, result.key
    first = labels.index(key.target)
    return Shown(loaded, result, layer, (first, labels.index(key.against)) if key.against else first)


def map_of(shown: Shown, image: np.ndarray, check: Check, loaded: LoadedModel | None = None) -> np.ndarray:
    """(h, w) float32: the same question's map of another `image`, (channels, h, w), or by another network.

    Not finite where the network's answer is not.
    """
    asked, row = loaded or shown.loaded, METHODS[shown.method]
    images = torch.from_numpy(np.ascontiguousarray(image, np.float32))[None]
    if row.kind == FAMILY:
        captured = run_pass(asked, images, [shown.layer], lambda _logits: shown.target, check)
        grid = grid_reader(asked.module, shown.layer)
        activation, gradient = captured.activations[shown.layer], captured.gradients[shown.layer]
        if not bool(torch.isfinite(activation).all() and torch.isfinite(gradient).all()):
            return np.full(shown.cam.shape, np.nan, np.float32)
        cam: np.ndarray = row.run(grid(activation), grid(gradient)).cpu().numpy()
        return cam
    layer = shown.layer if row.kind == LAYER else ""
    with in_words(asked):
        question = Asked(asked, images.to(asked.device), shown.target, shown.result.mapping, layer)
        found: np.ndarray = row.run(question, lambda _done, _total: None, check).cam
    return found


def family_maps(shown: Shown, check: Check) -> dict[str, np.ndarray]:
    """What every method of the CAM family shows, id -> (h, w) float32, from one pass.

    Of the layer on show; of the layer shown first, for a map that is of no layer.
    """
    row, loaded = METHODS[shown.method], shown.loaded
    layer = shown.layer if row.by_layer else default_layer(loaded)
    images = torch.from_numpy(shown.image)[None]
    captured = run_pass(loaded, images, [layer], lambda _logits: shown.target, check)
    grid = grid_reader(loaded.module, layer)
    activation, gradient = grid(captured.activations[layer]), grid(captured.gradients[layer])
    return {row.id: row.run(activation, gradient).cpu().numpy() for row in of_kind(FAMILY)}


def scores_of(shown: Shown, images: np.ndarray, check: Check) -> np.ndarray:
    """(n,) float64: the explained number, in logits, of n images (n, channels, h, w), four at a time."""
    found = []
    for start in range(0, len(images), 4):
        check()
        part = torch.from_numpy(np.ascontiguousarray(images[start : start + 4], np.float32))
        found.append(score_of(_answers(shown, part), shown.target).double().cpu().numpy())
    return np.concatenate(found)


def chances_of(shown: Shown, images: np.ndarray, check: Check) -> np.ndarray:
    """(n,) float64: the target's probability of n images; of two labels, of the first and not the second."""
    found = []
    for start in range(0, len(images), 4):
        check()
        part = torch.from_numpy(np.ascontiguousarray(images[start : start + 4], np.float32))
        logits = _answers(shown, part).double()
        if isinstance(shown.target, tuple) or shown.loaded.card.activation != "softmax":
            chances = score_of(logits, shown.target).sigmoid()
        else:
            chances = logits.softmax(1)[:, shown.target]
        found.append(chances.cpu().numpy())
    return np.concatenate(found)


def _answers(shown: Shown, images: torch.Tensor) -> torch.Tensor:
    with in_words(shown.loaded), torch.no_grad():
        logits: torch.Tensor = shown.loaded.module(images.to(shown.loaded.device))
    return logits


def other_network(shown: Shown, module: torch.nn.Module) -> LoadedModel:
    """The same model with another network in it."""
    return replace(shown.loaded, module=module)
