"""Choosing a model and asking it, for the verbs that explain; a wrong name lists the right ones.

The network is loaded by `load` and runs on one thread, as everywhere.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from viewer import settings
from viewer.cli.answer import ProgressLine, UsageError, note
from viewer.cli.study import choose_series, slice_numbers
from viewer.errors import GlassboxError, ModelError
from viewer.explain import methods
from viewer.explain.methods import METHODS, Method
from viewer.explain.target import default_target
from viewer.inference import folders
from viewer.inference.bundle import ModelBundle
from viewer.inference.card import Card
from viewer.inference.domain import unstated
from viewer.results import Layer, Prediction, SliceResult
from viewer.study import ScanResult, Series, Slice, SliceHeader

if TYPE_CHECKING:
    from viewer.inference.loading import LoadedModel

DEVICES = ("auto", "cuda", "mps", "cpu")


def add_network(parser: argparse.ArgumentParser, *, layers: str, many: bool) -> None:
    """--model, --target, --against, --method, --layer and --device; `layers` says what --layer is when it
    is not given."""
    parser.add_argument(
        "--model", metavar="NAME|DIR", help="model bundle (default: the first whose domain covers the series)"
    )
    parser.add_argument(
        "--target",
        metavar="LABEL",
        help="label to explain (default: the most probable finding at the peak of the slices chosen)",
    )
    parser.add_argument(
        "--against",
        metavar="LABEL",
        help="explain how much more the target is said than this label (default: the target alone)",
    )
    parser.add_argument(
        "--method",
        choices=list(METHODS),
        metavar="METHOD",
        help=f"one of: {', '.join(METHODS)} (default: the model's own choice)",
    )
    parser.add_argument(
        "--layer",
        metavar="NAME|all" if many else "NAME",
        help=f"layer of the network, by name or readable title (default: {layers})",
    )
    parser.add_argument(
        "--anyway",
        action="store_true",
        help="map a finding even where its probability is below the model's operating point",
    )
    parser.add_argument(
        "--device", choices=DEVICES, help="where to run (default: as in the settings, else auto)"
    )


@dataclass(frozen=True, eq=False, slots=True)
class Question:
    """A series, a model, the slices (None: the peak), the target (None: the model's choice), the label it is
    held against ("": none), the method and the layer asked for (None: the default); `anyway`: a finding below
    its operating point is mapped too."""

    series: Series
    bundle: ModelBundle
    numbers: list[int] | None
    target: str | None
    outside: tuple[str, ...]
    against: str
    method: Method
    layer: str | None
    anyway: bool = False

    @property
    def card(self) -> Card:
        return self.bundle.card


@dataclass(frozen=True, eq=False, slots=True)
class Replies:
    """What the network said of each slice that could be analysed; `failed` says why of the others.

    `peak` is the index of the slice with most evidence for the target or, without a wish, for any
    finding: the most probable finding there is then the target of all slices.
    """

    indices: list[int]
    results: list[SliceResult]
    failed: list[tuple[int, str]]
    peak: int = 0


def model_folders() -> list[Path]:
    """Folders of the site, the user's own, and those that were added in the window."""
    return folders.model_folders(settings.load(settings.default_path())[0].model_folders)


def ask(options: argparse.Namespace, found: ScanResult) -> Question:
    """Settle everything that can be settled before the network is loaded, and say what speaks against it."""
    bundles = _bundles(options.model)
    series = _series(found.series, options.series, bundles)
    bundle = _fitting(bundles, series)
    target = _label(options.target, bundle.card)
    _check_layer_on_card(options.layer, bundle.card)
    numbers = slice_numbers(series, options.slice)
    outside = _outside(bundle.card, series)
    if outside:
        note(f"Outside the domain of the model '{bundle.card.name}': {' '.join(outside)}")
    for sentence in unstated(bundle.card, series):
        note(sentence)
    against = _label(options.against, bundle.card) or ""
    if against and against == target:
        raise UsageError(
            "--target and --against name the same label.", remedy="Choose two, or leave one out."
        )
    if options.method is None and (sentence := methods.unknown(bundle.card)):
        note(sentence)
    method = methods.chosen(options.method, bundle.card)
    if not method.by_layer and options.layer not in (None, "all"):
        raise UsageError(f"{method.title} has one map, of no layer.", remedy="Leave --layer out.")
    return Question(series, bundle, numbers, target, outside, against, method, options.layer, options.anyway)


def load(question: Question, device: str | None) -> LoadedModel:
    """The network of the question's bundle, verified; says so on stderr if it runs elsewhere than asked."""
    from viewer.inference.loading import load_model

    loaded = load_model(question.bundle, device or settings.load(settings.default_path())[0].device)
    if loaded.notice:
        note(loaded.notice)
    return loaded


def answers(loaded: LoadedModel, question: Question) -> Replies:
    """Ask about the slices chosen, all for one target: without a wish the finding at their peak."""
    series, card, target = question.series, question.card, question.target
    numbers = question.numbers
    if numbers is None or (question.method.on_demand and target is None):
        # A forward pass on each tells the peak, and what to explain there, before anything costs more.
        peak, said = _peak(loaded, question, numbers or range(len(series.slices)))
        label = target or default_target(said.labels, said.logits, card.background, question.against)
        return replace(_results(loaded, question, numbers or [peak], label), peak=peak)
    replies = _results(loaded, question, numbers, target)
    top = _highest([reply.prediction for reply in replies.results], card, target)
    common = replies.results[top].key.target
    for place, index in enumerate(replies.indices):
        if replies.results[place].key.target != common:
            replies.results[place] = _results(loaded, question, [index], common).results[0]
    for index, reason in replies.failed:
        note(f"Slice {index + 1} is left out: {reason}")
    return replace(replies, peak=replies.indices[top])


def is_gated(question: Question, result: SliceResult) -> bool:
    """Whether a result's map is kept back: the model itself does not count its finding as found."""
    from viewer.session.resolve import is_below

    return not question.anyway and is_below(question.card, result.prediction, result.key.target)


def _highest(predictions: Sequence[Prediction], card: Card, target: str | None) -> int:
    """The place of the prediction with most evidence; the first of equals."""
    scores = [evidence(prediction, card, target) for prediction in predictions]
    return scores.index(max(scores))


def evidence(prediction: Prediction, card: Card, target: str | None) -> float:
    """Log odds of the target, or of any finding without one.

    They order slices as the probabilities along the ribbon do, and unlike those never saturate.
    """
    logits = prediction.logits.astype(np.float64)
    findings = [prediction.labels.index(label) for label in card.findings or card.labels]
    wanted = [prediction.labels.index(target)] if target is not None else findings
    if card.activation == "sigmoid":
        return float(logits[wanted].max())
    if target is None and card.background and len(findings) < len(logits):
        return _log_sum(logits[findings]) - float(logits[prediction.labels.index(card.background)])
    return max(float(logits[index]) - _log_sum(np.delete(logits, index)) for index in wanted)


def _log_sum(logits: np.ndarray) -> float:
    return float(np.logaddexp.reduce(logits))


def chosen_layers(wanted: str | None, layers: Sequence[Layer], card: Card) -> list[Layer]:
    """The layers asked for: one by name or title, all, or without a wish the card's default."""
    from viewer.session.resolve import chosen_layer

    if wanted == "all":
        return list(layers)
    if wanted is None:
        default = chosen_layer(None, layers, card)
        return [default] if default is not None else []
    for layer in layers:
        if wanted.casefold() in (layer.name.casefold(), layer.title.casefold()):
            return [layer]
    raise _no_layer(wanted, [layer.name for layer in layers], card)


def _bundles(wanted: str | None) -> list[ModelBundle]:
    from viewer.inference.catalog import find_bundle, find_bundles

    if wanted is not None:
        return [find_bundle(wanted, model_folders())]
    bundles, refused = find_bundles(model_folders())
    if not bundles:
        why = f" ({refused[0][1]})" if refused else ""
        raise ModelError(f"There is no model to ask{why}.", remedy="Give a bundle's folder with --model.")
    return bundles


def _series(series: Sequence[Series], wanted: str | None, bundles: Sequence[ModelBundle]) -> Series:
    """Without a wish the first series that any of the models is made for."""
    if wanted is None:
        for one in series:
            if any(not _outside(bundle.card, one) for bundle in bundles):
                return one
    return choose_series(series, wanted)


def _fitting(bundles: Sequence[ModelBundle], series: Series) -> ModelBundle:
    return next((bundle for bundle in bundles if not _outside(bundle.card, series)), bundles[0])


def _outside(card: Card, series: Series, header: SliceHeader | None = None) -> tuple[str, ...]:
    from viewer.session.resolve import outside

    return outside(card, series, header)


def _label(wanted: str | None, card: Card) -> str | None:
    if wanted is None:
        return None
    for label in card.labels:
        if label.casefold() == wanted.casefold():
            return label
    raise ModelError(
        f"The model '{card.name}' has no label '{wanted}'.",
        remedy=f"Choose one of: {', '.join(card.labels[:50])}.",
    )


def _check_layer_on_card(wanted: str | None, card: Card) -> None:
    """Refuse a wrong name before the network is loaded, where the card names its layers."""
    if wanted in (None, "all") or not card.layers.offered:
        return
    names = [layer.name for layer in card.layers.offered]
    titles = [layer.title for layer in card.layers.offered]
    if str(wanted).casefold() not in {name.casefold() for name in (*names, *titles)}:
        raise _no_layer(str(wanted), names, card)


def _no_layer(wanted: str, names: Sequence[str], card: Card) -> UsageError:
    return UsageError(
        f"The model '{card.name}' offers no layer '{wanted}'.", remedy=f"Choose one of: {', '.join(names)}."
    )


def _peak(loaded: LoadedModel, question: Question, numbers: Sequence[int]) -> tuple[int, Prediction]:
    """The slice with most evidence by a forward pass on each that can be decoded, and what is said of it."""
    from viewer.dicom.pixels import load_slice
    from viewer.inference.predict import predict
    from viewer.inference.preprocess import prepare

    found: dict[int, Prediction] = {}
    error: GlassboxError | None = None
    progress = ProgressLine("Looking for the peak")
    for done, index in enumerate(numbers):
        progress(done, len(numbers))
        try:
            image, _ = prepare(load_slice(question.series.slices[index]), loaded.card.input)
            found[index] = predict(loaded, image)
        except GlassboxError as problem:
            error = error or problem
    progress.end()
    if not found and error is not None:
        raise error
    top = list(found)[_highest(list(found.values()), loaded.card, question.target)]
    return top, found[top]


def _results(loaded: LoadedModel, question: Question, numbers: Sequence[int], target: str | None) -> Replies:
    """Each slice explained for one label; raises if not one can be."""
    from viewer.dicom.pixels import load_slice

    replies = Replies([], [], [])
    error: GlassboxError | None = None
    progress = ProgressLine("Explaining" if question.method.on_demand else "Analysing")
    for done, index in enumerate(numbers):
        progress(done, len(numbers))
        try:
            result = _explained(loaded, question, load_slice(question.series.slices[index]), target)
        except GlassboxError as problem:
            error = error or problem
            replies.failed.append((index, str(problem)))
            continue
        replies.indices.append(index)
        replies.results.append(result)
    progress.end()
    if not replies.results and error is not None:
        raise error
    return replies


def _explained(loaded: LoadedModel, question: Question, slice: Slice, target: str | None) -> SliceResult:
    """One slice by the question's method; one that asks about a layer at a time, about each asked for."""
    from viewer.explain.analyse import offered_layers
    from viewer.explain.answer import explain_slice

    layers: Sequence[Layer | None] = [None]
    if question.method.kind == methods.LAYER:
        layers = chosen_layers(question.layer, offered_layers(loaded), question.card)
    results = [
        explain_slice(
            loaded, slice, method=question.method.id, target=target, against=question.against, layer=layer
        )
        for layer in layers
    ]
    first = results[0]
    if len(results) == 1:
        return first
    cams = {name: cam for result in results for name, cam in result.cams.items()}
    return replace(first, layers=tuple(result.layers[0] for result in results), cams=cams)
