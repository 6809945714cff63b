"""Which methods fit which network, in words: a method that does not fit is not offered in vain."""

from __future__ import annotations

from importlib.util import find_spec

from torch import nn
from torchvision.models import SwinTransformer, VisionTransformer

from viewer.explain.inputs.extra import missing
from viewer.explain.methods import ATTENTION, METHODS, Method
from viewer.inference.loading import LoadedModel


def applicable(method: Method, loaded: LoadedModel) -> str:
    """ "" where `method` fits the network and what it needs is installed, else one sentence why not."""
    for package in method.needs:
        if find_spec(package) is None:
            return str(missing(package))
    if method.kind != ATTENTION or attends_everywhere(loaded.module):
        return ""
    if isinstance(loaded.module, SwinTransformer):
        return (
            f"{method.title} needs attention between all places of the picture, and the Swin transformer "
            f"'{loaded.card.name}' attends within small windows alone."
        )
    return f"{method.title} needs a vision transformer, and the model '{loaded.card.name}' is none."


def unfit(loaded: LoadedModel) -> dict[str, str]:
    """Method id -> why it cannot be used with the network; the others can."""
    reasons = {method.id: applicable(method, loaded) for method in METHODS.values()}
    return {name: reason for name, reason in reasons.items() if reason}


def attends_everywhere(network: nn.Module) -> bool:
    """Whether each place attends to all others, and a class token gathers the answer."""
    return isinstance(network, VisionTransformer)
