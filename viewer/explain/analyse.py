"""One slice, one question, one pass: what the network says and where it found it, in every layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch

from viewer.errors import ModelError
from viewer.explain.capture import Captured, Check, Target
from viewer.explain.captures import Captures
from viewer.explain.grid import evidence_grids
from viewer.explain.layers import default_layer, described, offered_layers, offered_names
from viewer.explain.methods import DEFAULT, FAMILY, METHODS
from viewer.explain.passes import run_pass
from viewer.explain.target import default_target
from viewer.inference.card import Card
from viewer.inference.loading import LoadedModel
from viewer.inference.predict import prediction_of
from viewer.inference.preprocess import prepare
from viewer.results import Layer, ResultKey, SliceResult
from viewer.study import Slice

__all__ = ["analyse_slice", "default_layer", "offered_layers"]


def analyse_slice(
    loaded: LoadedModel,
    slice: Slice,
    *,
    target: str | None = None,
    against: str = "",
    method: str = DEFAULT,
    captures: Captures | None = None,
    ahead: tuple[str, Callable[[SliceResult], object]] | None = None,
    check: Check = lambda: None,
) -> SliceResult:
    """Ask the network about one slice and map its evidence for `target` in every offered layer.

    Parameters
    ----------
    target : the label to explain; None for the most probable one that is not the background.
    against : explain how much more the target is said than this label: "A minus B".
    method : id of a method of the CAM family.
    captures : where earlier passes are kept and found: a slice in it is not asked about again.
    ahead : a layer, and who gets a result with its map alone before the other maps are made: of a deep
        network they take longer than a reader should wait for the one on the screen.
    check : raises `Cancelled` to stop, between and inside the passes.

    The result's key names the label that was explained. Raises ModelError where the model cannot
    answer; a device whose memory is full is left for the CPU, and `loaded.notice` says so.
    """
    card = loaded.card
    require_labels(card, target, against)
    if METHODS[method].kind != FAMILY:
        raise ValueError(f"{method} needs passes of its own")
    check()
    image, mapping = prepare(slice, card.input)
    check()
    question = (slice.header.key, loaded.bundle.digest, target, against)
    captured = captures.get(question) if captures is not None else None
    if captured is None:
        names = [layer.name for layer in offered_names(loaded)]
        choose = chooser(card, target, against)
        captured = run_pass(loaded, torch.from_numpy(image)[None], names, choose, check)
        if captures is not None:
            captures.put(question, captured)
    prediction = prediction_of(card, captured.logits)
    layers = described(loaded, captured.activations)
    result = SliceResult(
        key=key_of(slice, loaded, captured.target, method),
        prediction=prediction,
        layers=layers,
        cams={},
        mapping=mapping,
        input=image,
        device=loaded.device,
    )
    if ahead is not None:
        name, send = ahead
        cams = {
            layer.name: _cam(loaded, captured, layer, method, check) for layer in layers if layer.name == name
        }
        if cams:
            send(replace(result, cams=cams))
    return replace(
        result, cams={layer.name: _cam(loaded, captured, layer, method, check) for layer in layers}
    )


def key_of(slice: Slice, loaded: LoadedModel, target: Target, method: str, layer: str = "") -> ResultKey:
    """The question that was answered, with the labels that were chosen on the way."""
    labels = loaded.card.labels
    first, *other = target if isinstance(target, tuple) else (target,)
    against = labels[other[0]] if other else ""
    return ResultKey(slice.header.key, loaded.bundle.digest, labels[first], method, against, layer)


def _cam(loaded: LoadedModel, captured: Captured, layer: Layer, method: str, check: Check) -> np.ndarray:
    check()
    name = layer.name
    seen = evidence_grids(loaded.module, name, captured.activations[name], captured.gradients[name])
    cam = METHODS[method].run(*seen)
    return finite(np.ascontiguousarray(cam.cpu().numpy(), dtype=np.float32), layer.title)


def finite(cam: np.ndarray, title: str) -> np.ndarray:
    """The map itself; ModelError if any of it is not a number."""
    if not np.isfinite(cam).all():
        raise ModelError(
            f"The map of the layer '{title}' is not a number.",
            remedy="The model's weights are out of range: choose another model.",
        )
    return cam


def require_labels(card: Card, *labels: str | None) -> None:
    """ModelError for a label that the card does not have; None and "" stand for no wish."""
    for label in labels:
        if label and label not in card.labels:
            raise ModelError(
                f"The model '{card.name}' has no label '{label}'.",
                remedy=f"Choose one of: {', '.join(card.labels)}.",
            )


def chooser(card: Card, target: str | None, against: str = "") -> Callable[[torch.Tensor], Target]:
    """Logits (1, labels) -> what to explain: the label asked for, or the most probable finding."""

    def choose(logits: torch.Tensor) -> Target:
        if logits.shape[1] != len(card.labels):
            return 0  # the answer is refused once the pass is over
        label = target
        if label is None:
            label = default_target(card.labels, logits[0].float().cpu().numpy(), card.background, against)
        first = card.labels.index(label)
        return (first, card.labels.index(against)) if against and against != label else first

    return choose
