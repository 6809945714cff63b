"""One slice, one question, one pass: what the network says and where it found it, in every layer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from viewer.errors import ModelError
from viewer.explain.cam import METHODS
from viewer.explain.capture import Check
from viewer.explain.grid import grid_reader
from viewer.explain.layers import default_layer, described, offered_layers, offered_names
from viewer.explain.passes import run_pass
from viewer.inference.card import Card
from viewer.inference.loading import LoadedModel
from viewer.inference.predict import prediction_of
from viewer.inference.preprocess import prepare
from viewer.results import ResultKey, SliceResult
from viewer.study import Slice

__all__ = ["analyse_slice", "default_layer", "offered_layers"]

METHOD = "grad-cam"


def analyse_slice(
    loaded: LoadedModel, slice: Slice, *, target: str | None = None, check: Check = lambda: None
) -> SliceResult:
    """Ask the network about one slice and map its evidence for `target` in every offered layer.

    Parameters
    ----------
    target : the label to explain; None for the most probable one that is not the background.
    check : raises `Cancelled` to stop, between and inside the passes.

    The result's key names the label that was explained. Raises ModelError where the model cannot
    answer; a device whose memory is full is left for the CPU, and `loaded.notice` says so.
    """
    card = loaded.card
    if target is not None and target not in card.labels:
        raise ModelError(
            f"The model '{card.name}' has no label '{target}'.",
            remedy=f"Choose one of: {', '.join(card.labels)}.",
        )
    check()
    image, mapping = prepare(slice, card.input)
    check()
    names = [layer.name for layer in offered_names(loaded)]
    captured = run_pass(loaded, torch.from_numpy(image)[None], names, _chooser(card, target), check)
    prediction = prediction_of(card, captured.logits)
    layers = described(loaded, captured.activations)
    cams = {}
    for layer in layers:
        check()
        grid = grid_reader(loaded.module, layer.name)
        cam = METHODS[METHOD](grid(captured.activations[layer.name]), grid(captured.gradients[layer.name]))
        cams[layer.name] = np.ascontiguousarray(cam.cpu().numpy(), dtype=np.float32)
        if not np.isfinite(cams[layer.name]).all():
            raise ModelError(
                f"The map of the layer '{layer.title}' is not a number.",
                remedy="The model's weights are out of range: choose another model.",
            )
    explained = card.labels[_chooser(card, target)(captured.logits)]
    return SliceResult(
        key=ResultKey(slice.header.key, loaded.bundle.digest, explained, METHOD),
        prediction=prediction,
        layers=layers,
        cams=cams,
        mapping=mapping,
        input=image,
        device=loaded.device,
    )


def _chooser(card: Card, target: str | None) -> Callable[[torch.Tensor], int]:
    """Logits (1, labels) -> the index of the label to explain."""
    if target is not None:
        return lambda _logits: card.labels.index(target)
    candidates = [card.labels.index(label) for label in card.findings or card.labels]

    def most_probable(logits: torch.Tensor) -> int:
        # Softmax and sigmoid keep the order, so the logits tell.
        if logits.shape[1] != len(card.labels):
            return 0
        return candidates[int(logits[0, candidates].argmax())]

    return most_probable
