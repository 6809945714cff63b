"""Analyses: what networks said so far, found again by the question it answers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from viewer.explain.methods import FAMILY, LAYER, METHODS, chosen
from viewer.explain.target import default_target
from viewer.results import Heatmap, Layer, Prediction, ResultKey, SliceKey, SliceResult
from viewer.session.cache import ByteCache
from viewer.session.state import Explanation
from viewer.study import Series

if TYPE_CHECKING:
    from viewer.inference.card import Card


class Analyses:
    """Results in a cache bounded in bytes, heatmaps in another; predictions are small and all kept.

    Lives on the GUI thread. `limit` is in bytes, for results and heatmaps together.
    """

    def __init__(self, limit: int) -> None:
        self._results: ByteCache[SliceResult] = ByteCache(limit // 2, lambda result: result.nbytes)
        self._heatmaps: ByteCache[Heatmap] = ByteCache(limit // 2, lambda heatmap: heatmap.values.nbytes)
        self._predictions: dict[tuple[SliceKey, str], Prediction] = {}
        self._layers: dict[str, tuple[Layer, ...]] = {}
        self._unfit: dict[str, Mapping[str, str]] = {}
        self._ribbon: np.ndarray | None = None
        self._ribbon_question: tuple[object, ...] = ()

    def put(self, result: SliceResult) -> None:
        self._results.put(result.key, result)
        self._predictions[result.key.slice, result.key.model_digest] = result.prediction
        if METHODS[result.key.method].kind == FAMILY:
            self._layers[result.key.model_digest] = result.layers

    def put_layers(self, digest: str, layers: tuple[Layer, ...]) -> None:
        """The layers of a network are known as soon as it is loaded."""
        self._layers[digest] = layers

    def put_unfit(self, digest: str, unfit: Mapping[str, str]) -> None:
        """Which methods a network cannot be explained by, and why not, is known once it is loaded."""
        self._unfit[digest] = unfit

    def unfit(self, digest: str) -> Mapping[str, str]:
        """Method id -> one sentence."""
        return self._unfit.get(digest, {})

    def layers(self, digest: str) -> tuple[Layer, ...]:
        """In network order; empty before the network was loaded."""
        return self._layers.get(digest, ())

    def prediction(self, slice_key: SliceKey, digest: str) -> Prediction | None:
        return self._predictions.get((slice_key, digest))

    def wanted_key(
        self, slice_key: SliceKey, digest: str, asked: Explanation, card: Card, layer: str = ""
    ) -> ResultKey | None:
        """The key of the result that answers the question; None if the target depends on a prediction
        that is not there yet. `layer` is the one on show: part of the question for some methods."""
        method = chosen(asked.method, card)
        against = asked.against if asked.against in card.labels else ""
        target = asked.target if asked.target in card.labels else None
        if target is None:
            prediction = self.prediction(slice_key, digest)
            if prediction is None:
                return None
            target = default_target(prediction.labels, prediction.logits, card.background, against)
        against = against if against != target else ""
        return ResultKey(slice_key, digest, target, method.id, against, layer if method.kind == LAYER else "")

    def result(self, key: ResultKey) -> SliceResult | None:
        result = self._results.get(key)
        return result if result is not None and result.key == key else None

    def has(self, key: ResultKey | None) -> bool:
        """Whether the answer is there, with every layer's map."""
        result = self._results.peek(key)
        return result is not None and result.complete

    def heatmap(self, result: SliceResult, layer: Layer) -> Heatmap:
        """The map of one layer on the slice grid, the same object each time it is asked for."""
        from viewer.explain.heatmap import make_heatmap

        key = (result.key, layer.name)
        heatmap = self._heatmaps.get(key)
        if heatmap is None:
            heatmap = make_heatmap(result, layer.name)
            self._heatmaps.put(key, heatmap)
        return heatmap

    def ribbon(self, series: Series, digest: str, target: str | None, card: Card) -> np.ndarray | None:
        """(slices,) float32, read-only: probability of the target, or of any finding; NaN where not
        analysed. None before the first result. The same object until something new is known."""
        question = (series, digest, target, len(self._predictions))
        if question != self._ribbon_question:
            values = [self._probability(header.key, digest, target, card) for header in series.slices]
            ribbon = np.array(values, np.float32)
            ribbon.flags.writeable = False
            self._ribbon_question = question
            self._ribbon = ribbon if np.isfinite(ribbon).any() else None
        return self._ribbon

    def part(self, slices: Collection[SliceKey]) -> Analyses:
        """A copy of what is known of some slices, for work on another thread; it forgets nothing."""
        copy = Analyses(1 << 62)
        results = (key for key in self._results if isinstance(key, ResultKey) and key.slice in slices)
        for kept in (self._results.peek(key) for key in results):
            if kept is not None:
                copy.put(kept)
        copy._predictions = dict(self._predictions)
        copy._layers, copy._unfit = dict(self._layers), dict(self._unfit)
        return copy

    def pin(self, keys: Iterable[ResultKey]) -> None:
        self._results.pin(keys)

    def forget(self) -> None:
        """Another study: nothing of the last one is kept, except what is known of the networks."""
        self._results.clear()
        self._heatmaps.clear()
        self._predictions.clear()
        self._ribbon_question = ()

    def _probability(self, key: SliceKey, digest: str, target: str | None, card: Card) -> float:
        prediction = self._predictions.get((key, digest))
        if prediction is None:
            return np.nan
        if target in prediction.labels:
            return float(prediction.probabilities[prediction.labels.index(target)])
        if card.activation == "softmax" and card.background:
            return float(1 - prediction.probabilities[prediction.labels.index(card.background)])
        pairs = zip(prediction.labels, prediction.probabilities, strict=True)
        findings = [float(probability) for label, probability in pairs if label != card.background]
        return max(findings, default=float(prediction.probabilities[0]))
