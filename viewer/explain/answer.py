"""One slice, one question, by any method of the table: the same kind of result for all of them."""

from __future__ import annotations

import numpy as np
import torch

from viewer.explain.analyse import analyse_slice, chooser, finite, key_of, require_labels
from viewer.explain.asked import Asked, Progress
from viewer.explain.capture import Check
from viewer.explain.captures import Captures
from viewer.explain.methods import ATTENTION, DEFAULT, FAMILY, INPUT, LAYER, METHODS
from viewer.explain.passes import in_words
from viewer.inference.loading import LoadedModel
from viewer.inference.predict import predict
from viewer.inference.preprocess import prepare
from viewer.results import Layer, SliceResult
from viewer.study import Slice

PLACES = {INPUT: ("input", "network input"), ATTENTION: ("attention", "attention of all blocks")}
"""Name and title of the one layer of methods that do not look at the layers one by one."""


def explain_slice(
    loaded: LoadedModel,
    slice: Slice,
    *,
    method: str = DEFAULT,
    target: str | None = None,
    against: str = "",
    layer: Layer | None = None,
    captures: Captures | None = None,
    progress: Progress = lambda _done, _total: None,
    check: Check = lambda: None,
) -> SliceResult:
    """Ask the network about one slice and map its evidence by `method`.

    Parameters
    ----------
    target, against, captures, check : as in `analyse_slice`.
    layer : which layer to ask about, for a method of kind LAYER; the others do without.
    progress : called with the passes done and the passes in all.

    The result holds the maps of all offered layers (FAMILY), of one layer (LAYER), or one map on the
    network's tokens (ATTENTION) or input (INPUT). Raises ModelError where the method does not fit the
    network or the network cannot answer.
    """
    row = METHODS[method]
    if row.kind == FAMILY:
        return analyse_slice(
            loaded, slice, target=target, against=against, method=method, captures=captures, check=check
        )
    card = loaded.card
    require_labels(card, target, against)
    if (row.kind == LAYER) != (layer is not None):
        raise ValueError(f"{method} asks about {'one layer' if row.kind == LAYER else 'no layer'}")
    check()
    image, mapping = prepare(slice, card.input)
    prediction = predict(loaded, image)
    chosen = chooser(card, target, against)(torch.from_numpy(prediction.logits)[None])
    name = layer.name if layer is not None else ""
    with in_words(loaded), torch.inference_mode(False):
        images = torch.from_numpy(image)[None].to(loaded.device)
        found = row.run(Asked(loaded, images, chosen, mapping, name), progress, check)
    cam = np.ascontiguousarray(found.cam, dtype=np.float32)
    if layer is None:
        place, title = PLACES[row.kind]
        layer = Layer(place, title, (cam.shape[0], cam.shape[1]), len(image))
    return SliceResult(
        key=key_of(slice, loaded, chosen, method, name),
        prediction=prediction,
        layers=(layer,),
        cams={layer.name: finite(cam, layer.title)},
        mapping=mapping,
        input=image,
        device=loaded.device,
        notes=found.notes,
    )
