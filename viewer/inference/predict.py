"""What the network says of one prepared slice: its labels' logits and probabilities."""

from __future__ import annotations

import numpy as np
import torch

from viewer.errors import ModelError
from viewer.inference.card import Card
from viewer.inference.loading import LoadedModel
from viewer.results import Prediction


def predict(loaded: LoadedModel, input: np.ndarray) -> Prediction:
    """Ask the network about one input, (channels, height, width) float32 as `prepare` makes it."""
    try:
        return _predict(loaded, input)
    except torch.OutOfMemoryError:
        if loaded.device == "cpu":
            raise
        loaded.fall_back_to_cpu()
        return _predict(loaded, input)


def _predict(loaded: LoadedModel, input: np.ndarray) -> Prediction:
    with torch.no_grad():
        logits = loaded.module(torch.from_numpy(input)[None].to(loaded.device))
    return prediction_of(loaded.card, logits)


def prediction_of(card: Card, logits: torch.Tensor) -> Prediction:
    """Logits (1, labels) of the network -> Prediction, with the activation of the card.

    Raises ModelError when the network does not answer with one finite number for each label.
    """
    if not isinstance(logits, torch.Tensor) or logits.shape != (1, len(card.labels)):
        raise ModelError(
            f"The model '{card.name}' does not answer with {len(card.labels)} numbers.",
            remedy="Correct the labels in card.toml.",
        )
    values = logits.detach()[0].to("cpu", torch.float64)
    if not bool(torch.isfinite(values).all()):
        raise ModelError(
            f"The answer of the model '{card.name}' is not a number.",
            remedy="Its weights or this slice's values are out of range: choose another model.",
        )
    chances = values.softmax(0) if card.activation == "softmax" else values.sigmoid()
    return Prediction(card.labels, values.numpy().astype(np.float32), chances.numpy().astype(np.float32))
