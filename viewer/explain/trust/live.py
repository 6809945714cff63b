"""The lines that cost a few milliseconds: of maps that are there, of the slice and of a drawn region."""

from __future__ import annotations

from viewer.explain.trust.agreement import by_chance, with_neighbours
from viewer.explain.trust.outside import places
from viewer.explain.trust.regions import box_mask, scores
from viewer.explain.trust.similarity import grid_of
from viewer.explain.trust.verdict import REGION_SCORES, TrustLine, layers_line, place_line, region_line
from viewer.results import Heatmap, SliceResult
from viewer.study import Box, Slice


def live_lines(result: SliceResult, layer: str, slice: Slice) -> tuple[TrustLine, ...]:
    """Neighbouring layers, heat outside the body, on the border and on burned-in text.

    A map of the only layer of its result has no neighbours, and no line about them.
    """
    cam, lines = result.cams[layer], []
    if len(result.layers) > 1:
        grid = grid_of((result.input.shape[1], result.input.shape[2]))
        order = [one.name for one in result.layers]
        found = with_neighbours(result.cams, order, layer, grid)
        lines.append(layers_line(found, by_chance(cam, grid)))
    return *lines, *(place_line(place) for place in places(cam, result.mapping, slice))


def region_lines(heatmap: Heatmap, region: Box) -> tuple[TrustLine, ...]:
    """How well the map agrees with a region that the reader drew, each score beside its chance level."""
    mask = box_mask(
        heatmap.values.shape, top=region.top, left=region.left, bottom=region.bottom, right=region.right
    )
    return tuple(region_line(score) for score in scores(heatmap.values, mask) if score.id in REGION_SCORES)
