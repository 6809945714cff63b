"""Where a vision transformer's class token attends to: attention rollout and gradient-weighted attention.

torchvision's encoder asks for no attention weights. They are computed once more from each block's input,
and the network goes on with what they give, so that a gradient with respect to them exists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import isqrt
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from viewer.errors import ModelError
from viewer.explain.applicable import attends_everywhere
from viewer.explain.asked import Answer, Asked, Progress
from viewer.explain.capture import Check, evaluating, run_network, score_of, unaffected

NO_TARGET = "Attention rollout is the same for every finding: it shows where the network looks, not why."


def attention_rollout(asked: Asked, progress: Progress, check: Check) -> Answer:
    """Attention rollout (Abnar and Zuidema 2020, eq. 1), heads averaged.

    The product over the blocks of ``0.5 A + 0.5 I``, as the class token's row: the share that each place
    has in what the class token gathers. The target does not matter.
    """
    progress(0, 1)
    with _attending(asked, check) as attentions, torch.no_grad():
        run_network(asked.loaded.module, asked.image)
    rollout = _identity(attentions[0])
    for attention in attentions:
        mixed = 0.5 * attention[0].float().mean(0) + 0.5 * _identity(attention)
        rollout = mixed / mixed.sum(1, keepdim=True) @ rollout
    progress(1, 1)
    return Answer(_of_class_token(rollout), (NO_TARGET,))


def gradient_attention(asked: Asked, progress: Progress, check: Check) -> Answer:
    """Gradient-weighted attention (Chefer et al. 2021, "Generic attention-model explainability", eq. 5, 6).

    From block to block ``R = R + mean over heads of max(A * dy/dA, 0) @ R``, starting with the identity;
    the class token's row is the map.
    """
    progress(0, 1)
    with _attending(asked, check) as attentions:
        score = score_of(run_network(asked.loaded.module, asked.image), asked.target)[0]
        check()
        gradients = torch.autograd.grad(score, attentions, materialize_grads=True)
    relevance = _identity(attentions[0])
    for attention, gradient in zip(attentions, gradients, strict=True):
        weighted = (attention.detach().float() * gradient.float())[0].relu().mean(0)
        relevance = relevance + weighted @ relevance
    progress(1, 1)
    return Answer(_of_class_token(relevance))


@contextmanager
def _attending(asked: Asked, check: Check) -> Iterator[list[torch.Tensor]]:
    """Collects each block's attention weights, (1, heads, tokens, tokens), in the blocks' order."""
    network = asked.loaded.module
    if not attends_everywhere(network):
        raise ModelError(
            "This network has no attention between all places of the picture.",
            remedy="Choose another method, or a vision transformer.",
        )
    attentions: list[torch.Tensor] = []
    blocks = [module for module in network.modules() if isinstance(module, nn.MultiheadAttention)]
    with unaffected(asked.image.device), evaluating(network):
        handles = []
        try:
            for block in blocks:
                handles.append(block.register_forward_hook(_attend(attentions, check)))
            check()
            yield attentions
        finally:
            for handle in handles:
                handle.remove()


def _attend(attentions: list[torch.Tensor], check: Check) -> Callable[..., Any]:
    """Multi-head attention once more, by hand (Vaswani et al. 2017, eq. 1), and its weights kept."""

    def hook(module: nn.MultiheadAttention, inputs: tuple[torch.Tensor, ...], _output: Any) -> Any:
        check()
        tokens = inputs[0]
        parts = F.linear(tokens, module.in_proj_weight, module.in_proj_bias).chunk(3, -1)
        query, key, value = (part.unflatten(-1, (module.num_heads, -1)).transpose(1, 2) for part in parts)
        attention = (query @ key.transpose(2, 3) * query.shape[-1] ** -0.5).softmax(-1)
        if torch.is_grad_enabled():
            if not attention.requires_grad:
                attention.requires_grad_()  # nothing before it needs a gradient: the graph starts here
            attention.register_hook(lambda _gradient: check())
        attentions.append(attention)
        gathered = (attention @ value).transpose(1, 2).flatten(2)
        return F.linear(gathered, module.out_proj.weight, module.out_proj.bias), None

    return hook


def _identity(attention: torch.Tensor) -> torch.Tensor:
    return torch.eye(attention.shape[-1], device=attention.device)


def _of_class_token(relevance: torch.Tensor) -> Any:
    """The class token's row of (tokens, tokens), itself left out, as (n, n) float32."""
    row = relevance[0, 1:]
    side = isqrt(len(row))
    return row.reshape(side, side).cpu().numpy()
