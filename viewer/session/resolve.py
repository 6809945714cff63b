"""ViewerState + what is known -> ResolvedView: what to show, and what is still to be computed. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from viewer.annotate.mark import ShownMark
from viewer.explain import methods
from viewer.imaging.colormap import scale_of
from viewer.imaging.compose import nothing_drawn
from viewer.imaging.turn import Turn
from viewer.results import Heatmap, Layer, MapKey, Prediction, WhatIf
from viewer.session import captions
from viewer.session.marks import heat_key
from viewer.session.resolved_view import Known, ResolvedView
from viewer.session.scale import absolute_top, heat_range_of, in_force
from viewer.session.state import ViewerState
from viewer.session.trust import unread
from viewer.study import Box, Series, Slice, SliceHeader, Window

if TYPE_CHECKING:
    from viewer.explain.trust.outside import Place
    from viewer.inference.bundle import ModelBundle
    from viewer.inference.card import Card


def resolve(state: ViewerState, known: Known) -> ResolvedView:
    """Decide what to show. The same state and knowledge give the same view, and the same objects."""
    series = known.series.get(state.series) if state.series is not None else None
    bundle = chosen_bundle(state.explanation.model, known.bundles, series)
    card = bundle.card if bundle is not None else None
    graphics = state.graphics and not state.deidentified
    if series is None or not series.slices:
        return ResolvedView(
            graphics=graphics,
            shutter=state.shutter,
            presentation=state.presentation,
            overlay=state.overlay,
            card=card,
            deidentified=state.deidentified,
            truth_view=state.truth_view,
            undo=known.undo,
            redo=known.redo,
        )
    index = min(max(state.slice, 0), len(series.slices) - 1)
    header = series.slices[index]
    slice = known.slice_of(header.key)
    shared = known.series_windows.get(series.uid)
    choices = _choices(slice, series.modality, shared) if slice is not None else ()
    voi_lut, window = _voi(state, slice, choices)
    explained: dict[str, Any] = {"overlay": state.overlay}
    if bundle is not None:
        explained = _explained(state, known, series, header, bundle, slice=slice)
    heatmap, overlay = explained.get("heatmap"), explained["overlay"]
    marks: tuple[ShownMark, ...] = ()
    if state.marks_visible and state.marks:
        heat = heat_key(heatmap, overlay)
        marks = known.marks.on(state.marks, series, header, slice=slice, heat=heat, opened=known.series)
    return ResolvedView(
        series=series,
        index=index,
        slice=slice,
        problem=known.problems.get(header.key, ""),
        window=window,
        voi_lut=voi_lut,
        invert=state.invert,
        graphics=graphics,
        shutter=state.shutter,
        window_choices=choices,
        presentation=state.presentation,
        corners=captions.corners(
            series,
            header,
            index,
            slice=slice,
            window=window,
            voi_lut=voi_lut,
            inverted=state.invert,
            deidentified=state.deidentified,
        ),
        letters=_letters(header, state.presentation.turn),
        card=card,
        deidentified=state.deidentified,
        tool=state.tool,
        occluder=state.occluder,
        region=state.region,
        truth_view=state.truth_view,
        marks=marks,
        undo=known.undo,
        redo=known.redo,
        **_written(state, series.study_instance_uid),
        **explained,
    )


def _written(state: ViewerState, study: str) -> dict[str, Any]:
    """What the reader drew, chose and wrote in a study."""
    return {
        "all_marks": _of_study(state.marks, study),
        "chosen_mark": state.chosen_mark,
        "marks_visible": state.marks_visible,
        "key_images": _of_study(state.key_images, study),
        "only_key_images": state.only_key_images,
        "comment": state.comment_on(study),
    }


def _of_study(all_of_it: tuple[Any, ...], study: str) -> tuple[Any, ...]:
    """Those of one study; the same object where that is all of them."""
    if all(one.study == study for one in all_of_it):
        return all_of_it
    return tuple(one for one in all_of_it if one.study == study)


def chosen_bundle(
    name: str | None, bundles: Sequence[ModelBundle], series: Series | None
) -> ModelBundle | None:
    """The model asked for; without a choice the first whose domain covers the series, else the first."""
    for bundle in bundles:
        if bundle.card.name == name:
            return bundle
    if series is not None:
        for bundle in bundles:
            if not outside(bundle.card, series):
                return bundle
    return bundles[0] if bundles else None


@lru_cache(maxsize=64)
def outside(card: Card, series: Series, header: SliceHeader | None = None) -> tuple[str, ...]:
    """Why the series (and slice) is outside the domain of a model, one sentence each."""
    from viewer.inference.domain import problems

    return problems(card, series, header)


def _explained(
    state: ViewerState,
    known: Known,
    series: Series,
    header: SliceHeader,
    bundle: ModelBundle,
    *,
    slice: Slice | None,
) -> dict[str, Any]:
    """What a network gave for the slice, and how it is shown: fields of the view.

    A result appears only if its own key equals the key asked for now, and only with its slice.
    """
    card, digest, analyses = bundle.card, bundle.digest, known.analyses
    asked = state.explanation
    target = asked.target if asked.target in card.labels else None
    method = methods.chosen(asked.method, card)
    problems = outside(card, series, header)
    layers = analyses.layers(digest)
    layer = chosen_layer(asked.layer, layers, card)
    wanted = analyses.wanted_key(header.key, digest, asked, card, layer.name if layer is not None else "")
    result = analyses.result(wanted) if wanted is not None and slice is not None else None
    prediction = analyses.prediction(header.key, digest)
    low, anyway, withheld = False, False, ""
    if prediction is not None and wanted is not None:
        low = is_below(card, prediction, wanted.target)
        anyway = (series.uid, digest, wanted.target) in state.explain_anyway
        withheld = captions.withheld(card, prediction, wanted.target) if low and not anyway else ""
    shown = layer if method.by_layer or result is None else result.layers[0]
    heatmap = None
    if result is not None and shown is not None and shown.name in result.cams and not withheld:
        heatmap = analyses.heatmap(result, shown)
    top = absolute_top(card, method, shown) if shown is not None else None
    trusted = {} if heatmap is None else _trusted(state, known, (heatmap.key, heatmap.layer.name))
    doubts = trusted.get("unread", ())
    overlay = in_force(
        state.overlay,
        relative=top is None and shown is not None,
        positive=not method.signed,
        grey=bool(doubts),
    )
    heat_range, caption, faint = scale_of(overlay.evidence, top or 1.0), "", False
    if heatmap is not None and result is not None:
        heat_range = heat_range_of(overlay, top, heatmap.raw_range)
        faint = nothing_drawn(heatmap, overlay, heat_range)
        text = captions.layer_text(heatmap.layer, result.mapping, header.geometry)
        sign = captions.sign_words(overlay.evidence, state.overlay.evidence)
        caption = captions.caption(
            card, result.prediction, heatmap, text=text, scale=overlay.scale, sign=sign
        )
    interested = (series.uid, digest) in state.asked or prediction is not None
    return {
        "overlay": overlay,
        "only_relative": captions.only_relative(card, method) if top is None and shown is not None else "",
        "only_positive": "" if method.signed else captions.only_positive(method),
        "withheld": withheld,
        "explained_anyway": low and anyway,
        "method": method,
        "unfit": analyses.unfit(digest),
        "against": wanted.against if wanted is not None else "",
        "wanted": wanted,
        "layers": layers,
        "layer": layer,
        "result": result,
        "cams": result.cams if result is not None and not withheld else {},
        "heatmap": heatmap,
        "heat_range": heat_range,
        "prediction": prediction,
        "target": wanted.target if wanted is not None else target,
        "ribbon": analyses.ribbon(series, digest, target, card),
        "caption": caption,
        "overlay_note": captions.overlay_note(
            outside=problems if interested else (),
            heatmap=heatmap,
            evidence=overlay.evidence,
            faint=faint,
            withheld=withheld,
            awaited=method.title if result is None and interested and method.on_demand else "",
            notes=(*captions.greyed(doubts), *(result.notes if result is not None else ())),
        ),
        "outside": problems,
        "what_if": _what_if(known.what_if, state.occluder, header, digest),
        "places": _places(known, heatmap, overlay.evidence),
        **trusted,
    }


def _trusted(state: ViewerState, known: Known, key: MapKey) -> dict[str, Any]:
    """What is known of whether a map deserves belief: fields of the view."""
    lines = known.trust.lines(key, state.region)
    return {
        "trust": lines,
        "trust_checked": known.trust.checked(key),
        "trust_opened": state.trust_opened,
        "unread": unread(lines, state.trust_opened, state.looked, key),
    }


def _what_if(answer: WhatIf | None, occluder: Box | None, header: SliceHeader, digest: str) -> WhatIf | None:
    """The answer, if it is about this slice and model, and the box is still there."""
    if answer is None or occluder is None:
        return None
    return answer if (answer.slice, answer.model_digest) == (header.key, digest) else None


def _places(known: Known, heatmap: Heatmap | None, evidence: str) -> tuple[Place, ...]:
    if known.places is None or heatmap is None:
        return ()
    key, found = known.places
    return found if key == (heatmap.key, heatmap.layer.name, evidence) else ()


def chosen_layer(name: str | None, layers: Sequence[Layer], card: Card) -> Layer | None:
    """The layer asked for, else the card's default, else the last; None without layers."""
    by_name = {layer.name: layer for layer in layers}
    last = layers[-1] if layers else None
    return by_name.get(name or "") or by_name.get(card.layers.default) or last


def is_below(card: Card, prediction: Prediction, label: str) -> bool:
    """Whether the model itself does not count `label` as found; of a contrast, the first label decides."""
    probability = float(prediction.probabilities[prediction.labels.index(label)])
    return probability < card.operating_point(label)


def _voi(
    state: ViewerState, slice: Slice | None, choices: Sequence[Window]
) -> tuple[int | None, Window | None]:
    """The VOI LUT or the window in force (PS3.3 C.11.2: the file's LUT comes before its window)."""
    if slice is None:
        return None, state.window
    if slice.is_color:
        return None, None
    if state.window is not None:
        return None, state.window
    if slice.luts:
        wanted = state.voi_lut if state.voi_lut is not None else 0
        return min(wanted, len(slice.luts) - 1), None
    return None, choices[0]


# Percentiles of a slice cost milliseconds and an overlay change must not pay them again. Slices hash
# by identity; the few that these caches keep alive are the ones on the screen.
@lru_cache(maxsize=8)
def _choices(slice: Slice, modality: str, series: Window | None) -> tuple[Window, ...]:
    """The file's own usable windows, then percentiles (so there is always one), then presets."""
    from viewer.imaging.window import window_choices

    return () if slice.is_color else window_choices(slice, modality, series)


@lru_cache(maxsize=256)
def _letters(header: SliceHeader, turn: Turn) -> tuple[str, str, str, str]:
    """Orientation letters at the edges of the screen, where the slice stands turned."""
    from viewer.dicom.geometry import orientation_letters

    geometry = header.geometry
    if geometry.row_direction is not None and geometry.col_direction is not None:
        right, down = turn.directions(geometry.row_direction, geometry.col_direction)
        geometry = replace(geometry, row_direction=right, col_direction=down)
    return orientation_letters(geometry)
