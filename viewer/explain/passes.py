"""One pass of a loaded model: on its device, or on the CPU where the device's memory is full."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch

from viewer.errors import ModelError
from viewer.explain.capture import Captured, Check, Target, capture
from viewer.inference.loading import LoadedModel


def run_pass(
    loaded: LoadedModel,
    images: torch.Tensor,
    layers: Sequence[str],
    choose: Callable[[torch.Tensor], Target],
    check: Check,
) -> Captured:
    """`capture` for a loaded model; `loaded.notice` says so where the CPU had to step in.

    Parameters
    ----------
    images : (1, channels, h, w), on the CPU.

    Raises ModelError where the network cannot work on an input of this size at all.
    """
    with in_words(loaded):
        try:
            return capture(loaded.module, images.to(loaded.device), layers, choose, check)
        except torch.OutOfMemoryError:
            if loaded.device == "cpu":
                raise
            loaded.fall_back_to_cpu()
        return capture(loaded.module, images, layers, choose, check)


@contextmanager
def in_words(loaded: LoadedModel) -> Iterator[None]:
    """What torch raises where a network cannot work on an input comes out as a ModelError."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise ModelError(
            f"There is not enough memory for the model '{loaded.card.name}'.",
            remedy="Close other programs, or choose a method that needs less.",
        ) from error
    except RuntimeError as error:
        # A stranger's card may give a size at which the network's grids vanish, or ask for more
        # memory than there is: torch says both with a RuntimeError.
        reason = str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else "no reason given"
        raise ModelError(
            f"The model '{loaded.card.name}' failed on this input: {reason}.",
            remedy="Check [input] size in its card.toml, or choose another model.",
        ) from error
