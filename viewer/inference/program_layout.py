"""Which values of a program are grids of channels, and on which axis the channels are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch

from viewer.inference.program import Named, Step

Layout = Literal["", "first", "last"]
""""first": (n, channels, h, w); "last": (n, h, w, channels); "": no grid, or nobody knows."""

_FIRST = (
    "conv2d convolution conv_transpose2d batch_norm instance_norm group_norm native_group_norm "
    "_native_batch_norm_legit_no_training max_pool2d avg_pool2d adaptive_avg_pool2d adaptive_max_pool2d "
    "max_pool2d_with_indices _adaptive_avg_pool2d upsample_nearest2d upsample_bilinear2d "
    "upsample_bicubic2d pixel_shuffle pixel_unshuffle channel_shuffle"
)
FIRST = frozenset(_FIRST.split())
"""Operations that give channels first."""
LAST = frozenset({"layer_norm", "native_layer_norm", "linear"})
"""Operations that work on the last axis: of a grid, on its channels."""
_UNKNOWN = (
    "view reshape _unsafe_view view_as flatten unflatten transpose t movedim matmul bmm einsum select "
    "index index_select gather scaled_dot_product_attention im2col"
)
UNKNOWN = frozenset(_UNKNOWN.split())
"""Operations behind which nobody knows where the channels are."""
TURNS: dict[tuple[Layout, tuple[int, ...]], Layout] = {
    ("first", (0, 2, 3, 1)): "last",
    ("last", (0, 3, 1, 2)): "first",
}
"""What a permutation makes of them."""


def layouts(steps: Sequence[Step], seen: Sequence[Any]) -> list[Layout]:
    """Per step the layout of what it gives; "" where that is no grid of more than one cell, or
    the last pooling, which only repeats the grid before it.

    `seen` are the steps' values, of which the shapes alone count.
    """
    known: dict[str, Layout] = {}
    grids: list[Layout] = []
    for step, found in zip(steps, seen, strict=True):
        first = found[0] if step.several and len(found) else found
        layout = _layout(step, known) if isinstance(first, torch.Tensor) and first.ndim == 4 else ""
        known.update((name, layout) for name in step.outputs if name)
        shown = not step.several and "adaptive" not in step.aten and _cells(found, layout) > 1
        grids.append(layout if shown else "")
    return grids


def _layout(step: Step, known: dict[str, Layout]) -> Layout:
    if step.aten in FIRST:
        return "first"
    if step.aten in LAST:
        return "last"
    before = [known.get(name, "") for name in _named(step.inputs)]
    layout: Layout = next((layout for layout in before if layout), "")
    if step.aten == "permute":
        return TURNS.get((layout, tuple(int(axis) % 4 for axis in step.inputs[1])), "")
    return "" if step.aten in UNKNOWN else layout


def _named(values: Sequence[Any]) -> list[str]:
    flat = [item for value in values for item in (value if isinstance(value, list) else [value])]
    return [value.name for value in flat if isinstance(value, Named)]


def _cells(found: Any, layout: Layout) -> int:
    if not layout or found.shape[0] != 1 or not found.is_floating_point():
        return 0
    high, wide = found.shape[2:] if layout == "first" else found.shape[1:3]
    return int(high * wide)
