"""The network of a torch.export program: it runs the program's steps, and its layers can be hooked.

Each module of the network that was exported comes back as a `Place` of the same path, which what the
module gave out passes through. Hooks, module paths and twins work on it as on the network itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from viewer.errors import ModelError
from viewer.inference.card import Card
from viewer.inference.program import PATH, Named, OwnDevice, Program, Step, read_program
from viewer.inference.program_layout import Layout, layouts

MAX_VALUE_BYTES = 2 << 30
"""Of one value on the way; a stranger's program may ask for any."""
ENOUGH_LAYERS = 4


class Place(nn.Module):
    """Where a module stood; what it gave out passes through, unchanged. `layout` is that of a grid."""

    def __init__(self) -> None:
        super().__init__()
        self._layout: Layout = ""

    def forward(self, value: torch.Tensor) -> torch.Tensor:
        return value


class ExportedNetwork(nn.Module):
    """Runs a program, of which `size` (channels, height, width) is an input.

    Parameters and buffers keep their names; none needs a gradient. A program that takes one image alone
    is asked about several one after the other. Raises ModelError, with the model's `name`, where the
    program does not take such an input or a step of it fails.
    """

    def __init__(self, program: Program, size: tuple[int, int, int], name: str) -> None:
        super().__init__()
        self._steps, self._bindings = program.steps, program.bindings
        self._input, self._output = program.input, program.output
        self._last_uses = _last_uses(program.steps, program.output)
        self._behind: tuple[tuple[Place, ...], ...] = ((),) * len(program.steps)
        self._alone = program.size[0] is not None
        self._offered: tuple[str, ...] = ()
        try:
            if any(given not in (None, wanted) for given, wanted in zip(program.size[1:], size, strict=True)):
                raise ValueError("another size")
            for path, weight in program.weights.items():
                self._store(path, weight)
            answer, seen = self._dry_run(program.weights, size)
            self._put_places(layouts(program.steps, seen))
        except (RuntimeError, TypeError, ValueError, LookupError, AttributeError) as error:
            # torch's own checks of an operation's arguments raise all of these
            raise ModelError(
                f"The program of the model '{name}' does not work on an input of "
                f"{size[0]} x {size[1]} x {size[2]}.",
                remedy="Correct [input] in card.toml: it must be the input it was exported with.",
            ) from error
        self._answer = tuple(answer.shape)

    @property
    def takes_one_image(self) -> bool:
        """Whether its steps are written for one image: batches cannot begin half way."""
        return self._alone

    @property
    def answer_shape(self) -> tuple[int, ...]:
        """Shape of the answer to one image: (1, labels) of a classifier."""
        return self._answer

    @property
    def layer_paths(self) -> tuple[str, ...]:
        """The paths of places worth offering, in the order they run."""
        return self._offered

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(n, channels, h, w) -> what the program answers, (n, labels)."""
        if self._alone and len(images) != 1:
            return torch.cat([self(image[None]) for image in images])
        return self._run(images, {path: _reach(self, path) for _name, path in self._bindings})

    def _run(
        self, images: torch.Tensor, weights: Mapping[str, torch.Tensor], seen: list[Any] | None = None
    ) -> torch.Tensor:
        values: dict[str, Any] = {name: weights[path] for name, path in self._bindings}
        values[self._input] = images
        for step, places, done in zip(self._steps, self._behind, self._last_uses, strict=True):
            given = [_filled(value, values, images.device) for value in step.inputs]
            named = {key: _filled(value, values, images.device) for key, value in step.keywords.items()}
            found = step.operation(*given, **named)
            for place in places:
                found = place(found)
            if seen is not None:
                seen.append(_bounded(found))
            parts = found if step.several else (found,)
            values.update((name, part) for name, part in zip(step.outputs, parts, strict=True) if name)
            for name in done:
                values.pop(name, None)
        return values[self._output]

    def _dry_run(
        self, weights: Mapping[str, torch.Tensor], size: tuple[int, int, int]
    ) -> tuple[torch.Tensor, list[Any]]:
        """The answer and what each step gives, as shapes alone: no memory is taken, however large."""
        seen: list[Any] = []
        empty = {path: weight.to("meta") for path, weight in weights.items()}
        kind = next(
            (weight.dtype for weight in weights.values() if weight.is_floating_point()), torch.float32
        )
        with torch.no_grad():
            answer = self._run(torch.empty((1, *size), device="meta", dtype=kind), empty, seen)
        return answer, seen

    def _store(self, path: str, weight: torch.Tensor) -> None:
        owner, _, attribute = path.rpartition(".")
        if weight.is_floating_point():
            self._place(owner).register_parameter(attribute, nn.Parameter(weight, requires_grad=False))
        else:
            self._place(owner).register_buffer(attribute, weight)

    def _place(self, path: str) -> nn.Module:
        """The place of that path, made with all above it where it is new."""
        place: nn.Module = self
        for part in path.split(".") if path else ():
            if part not in place._modules:
                place.add_module(part, Place())
            place = place.get_submodule(part)
        return place

    def _put_places(self, grids: Sequence[Layout]) -> None:
        """Put each module's place behind its last step, and behind a step where no module ends one of
        the step's own name."""
        ends = {path: number for number, step in enumerate(self._steps) for path in step.modules}
        behind: list[tuple[Place, ...]] = []
        found: list[str] = []
        for number, (step, layout) in enumerate(zip(self._steps, grids, strict=True)):
            paths = [path for path in step.modules if ends[path] == number and PATH.fullmatch(path)]
            if layout and not paths and PATH.fullmatch(step.name) and not hasattr(self, step.name):
                paths = [step.name]
            # The innermost module gives out first.
            places = [self._place(path) for path in reversed(paths)] if layout else []
            for place in places:
                assert isinstance(place, Place)
                place._layout = layout
            behind.append(tuple(place for place in places if isinstance(place, Place)))
            found += paths[:1] if layout else []
        self._behind = tuple(behind)
        self._offered = _worth_offering(found, ends)


def exported_network(data: bytes, card: Card) -> ExportedNetwork:
    """The network of a .pt2 file's bytes, for the input and the labels of `card`; ModelError in words."""
    network = ExportedNetwork(
        read_program(data, card.name), (card.input.channels, *card.input.size), card.name
    )
    if network.answer_shape != (1, len(card.labels)):
        raise ModelError(
            f"The program of the model '{card.name}' does not answer with {len(card.labels)} numbers.",
            remedy="Correct the labels in card.toml.",
        )
    return network


def has_channels_last(network: nn.Module, layer: str) -> bool:
    """Whether what passes that place of an exported network is (n, h, w, channels)."""
    place = network.get_submodule(layer)
    return isinstance(place, Place) and place._layout == "last"


def _worth_offering(found: Sequence[str], modules: Mapping[str, int]) -> tuple[str, ...]:
    """The outermost modules that are enough to choose from, else all; steps only without modules."""
    named = [path for path in found if path in modules]
    for depth in range(max((path.count(".") for path in named), default=0)):
        outer = tuple(path for path in named if path.count(".") <= depth)
        if len(outer) >= ENOUGH_LAYERS:
            return outer
    return tuple(named or found)


def _last_uses(steps: Sequence[Step], output: str) -> tuple[tuple[str, ...], ...]:
    """Per step the names that nobody asks for after it: their memory is let go."""
    last: dict[str, int] = {}
    for number, step in enumerate(steps):
        for name in (*_names(step.inputs), *_names(step.keywords.values()), *step.outputs):
            if name is not None and name != output:
                last[name] = number
    done: list[list[str]] = [[] for _step in steps]
    for name, number in last.items():
        done[number].append(name)
    return tuple(tuple(names) for names in done)


def _names(values: Any) -> list[str]:
    found = []
    for value in values:
        if isinstance(value, Named):
            found.append(value.name)
        elif isinstance(value, list):
            found += _names(value)
    return found


def _filled(value: Any, values: Mapping[str, Any], device: torch.device) -> Any:
    if isinstance(value, Named):
        return values[value.name]
    if isinstance(value, list):
        return [_filled(item, values, device) for item in value]
    return device if isinstance(value, OwnDevice) else value


def _bounded(found: Any) -> Any:
    for value in found if isinstance(found, (list, tuple)) else (found,):
        if isinstance(value, torch.Tensor) and value.numel() * value.element_size() > MAX_VALUE_BYTES:
            raise ValueError("a value is too large")
    return found


def _reach(network: nn.Module, path: str) -> torch.Tensor:
    owner, _, attribute = path.rpartition(".")
    tensor: torch.Tensor = getattr(network.get_submodule(owner), attribute)
    return tensor
