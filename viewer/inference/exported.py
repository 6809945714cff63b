"""The network of a torch.export program: it runs the program's steps, and its layers can be hooked.

Each module of the network that was exported comes back as a `Place` of the same path, which what the
module gave out passes through. Hooks, module paths and twins work on it as on the network itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from viewer.errors import ModelError
from viewer.inference.card import Card
from viewer.inference.program import Named, OwnDevice, Program, Step, read_program

MAX_VALUE_BYTES = 2 << 30
"""Of one intermediate value; a stranger's program may ask for any."""

FIRST = frozenset(
    {
        *("conv2d", "convolution", "conv_transpose2d", "batch_norm", "instance_norm", "group_norm"),
        *("_native_batch_norm_legit_no_training", "native_group_norm", "max_pool2d", "avg_pool2d"),
        *("max_pool2d_with_indices", "adaptive_avg_pool2d", "adaptive_max_pool2d", "_adaptive_avg_pool2d"),
        *("upsample_nearest2d", "upsample_bilinear2d", "upsample_bicubic2d"),
        *("pixel_shuffle", "pixel_unshuffle", "channel_shuffle"),
    }
)
"""Operations that give (n, channels, h, w)."""
LAST = frozenset({"layer_norm", "native_layer_norm", "linear"})
"""Operations that, of four axes, give (n, h, w, channels)."""
TURNS = {("first", (0, 2, 3, 1)): "last", ("last", (0, 3, 1, 2)): "first"}
"""What a permutation makes of where the channels are."""
MIXING = frozenset(
    "view reshape _unsafe_view flatten unflatten transpose t matmul bmm einsum select index movedim "
    "scaled_dot_product_attention im2col view_as gather index_select".split(" ")
)
"""Operations behind which nobody knows where the channels are."""


class Place(nn.Module):
    """Where a module stood; what it gave out passes through, unchanged. `channels_last` tells its layout."""

    channels_last = False

    def forward(self, value: Any) -> Any:
        return value


class ExportedNetwork(nn.Module):
    """Runs a program; `layers` are the paths of the places that give grids, in the order they run.

    Parameters
    ----------
    program : as `read_program` gives it. Its weights become the parameters, none of which needs a gradient.
    size : (channels, height, width) of an input.

    Raises ModelError where the program does not take such an input or a step of it fails.
    """

    def __init__(self, program: Program, size: tuple[int, int, int], name: str) -> None:
        super().__init__()
        self._steps = program.steps
        self._bindings = program.bindings
        self._input, self._output = program.input, program.output
        self.fixed_batch = program.batch is not None
        """Whether the program takes one image alone; several are then asked one after the other."""
        for path, weight in program.weights.items():
            self._store(path, weight)
        self._last_use = _last_uses(program.steps, {program.output, *(n for n, _ in program.bindings)})
        self._places: tuple[tuple[Place, ...], ...] = tuple(() for _step in program.steps)
        shapes = self._dry_run(size, name)
        self.layers = self._put_places(shapes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(n, channels, h, w) -> what the program answers, (n, labels)."""
        if self.fixed_batch and len(images) != 1:
            return torch.cat([self(image[None]) for image in images])
        return self._run(images)

    def _run(self, images: torch.Tensor, seen: list[Any] | None = None) -> Any:
        values: dict[str, Any] = {self._input: images}
        for name, path in self._bindings:
            values[name] = _reach(self, path)
        for step, places, done in zip(self._steps, self._places, self._last_use, strict=True):
            given = [_filled(value, values, images.device) for value in step.inputs]
            named = {key: _filled(value, values, images.device) for key, value in step.keywords.items()}
            found = step.operation(*given, **named)
            for place in places:
                found = place(found)
            if seen is not None:
                seen.append(found)
                _bound(found)
            for name, value in zip(step.outputs, found if step.several else (found,), strict=False):
                if name is not None:
                    values[name] = value
            for name in done:
                values.pop(name, None)
        return values[self._output]

    def _store(self, path: str, weight: torch.Tensor) -> None:
        owner, _, attribute = path.rpartition(".")
        place = self._place(owner)
        if weight.is_floating_point():
            place.register_parameter(attribute, nn.Parameter(weight, requires_grad=False))
        else:
            place.register_buffer(attribute, weight)

    def _place(self, path: str) -> nn.Module:
        """The place of that path, made with all above it where it is new."""
        place: nn.Module = self
        for part in path.split(".") if path else []:
            if part not in place._modules:
                place.add_module(part, Place())
            place = place._modules[part]  # type: ignore[assignment]
        return place

    def _dry_run(self, size: tuple[int, int, int], name: str) -> list[Any]:
        """What each step gives, as shapes alone: no memory is taken, however large the values."""
        seen: list[Any] = []
        kept = {key: value for key, value in self.state_dict(keep_vars=True).items()}
        empty = {key: value.detach().to("meta") for key, value in kept.items()}
        try:
            with torch.no_grad():
                found = torch.func.functional_call(_DryRun(self), {f"network.{k}": v for k, v in empty.items()}, (torch.zeros((1, *size), device="meta"), seen))
        except (RuntimeError, TypeError, ValueError, KeyError, IndexError, AttributeError, NotImplementedError) as error:
            raise ModelError(
                f"The program of the model '{name}' does not work on an input of {size[0]} x {size[1]} x {size[2]}.",
                remedy="Correct [input] in card.toml: it must be the input that the program was exported with.",
            ) from error
        return seen

    def _put_places(self, shapes: list[Any]) -> tuple[str, ...]:
        """Put each module's place behind its last step; the outermost of those at one step is a layer."""
        ends: dict[str, int] = {}
        for number, step in enumerate(self._steps):
            ends.update(dict.fromkeys(step.modules, number))
        at: dict[int, list[str]] = {}
        for path, number in ends.items():
            at.setdefault(number, []).append(path)
        layouts = _layouts(self._steps, shapes)
        places: list[tuple[Place, ...]] = []
        layers = []
        for number, step in enumerate(self._steps):
            if step.several or not layouts[number]:
                places.append(())
                continue
            paths = sorted(at.get(number, []), key=lambda path: path.count("."), reverse=True)
            ...
        return tuple(layers)
