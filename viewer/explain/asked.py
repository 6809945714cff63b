"""What a method with passes of its own is asked, and what it answers.

Such a method is a function ``(asked, progress, check) -> Answer``. It leaves the network as it found it
(`.grad`, training flags, hooks, the global random state) on success, on failure and on cancel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from viewer.explain.capture import Target
from viewer.inference.loading import LoadedModel
from viewer.results import InputMapping

Progress = Callable[[int, int], None]
"""(passes done, passes in all)."""


@dataclass(frozen=True, eq=False, slots=True)
class Asked:
    """One question to one network.

    `image` is (1, channels, *size) float32 on the network's device, as the network sees it; `layer` the
    module path for a method of kind LAYER, "" for the others; `seed` fixes every random choice.
    """

    loaded: LoadedModel
    image: torch.Tensor
    target: Target
    mapping: InputMapping
    layer: str = ""
    seed: int = 0


@dataclass(frozen=True, eq=False, slots=True)
class Answer:
    """The raw map, (h, w) float32 on the network's grid or input, signed where the method is; `notes`
    are sentences that belong beside it."""

    cam: np.ndarray
    notes: tuple[str, ...] = ()
