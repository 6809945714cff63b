from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from torchvision import models

from tests.support.asking import asked_of, untouched
from viewer.errors import Cancelled, ModelError
from viewer.explain.applicable import applicable
from viewer.explain.attention import attention_rollout, gradient_attention
from viewer.explain.methods import ATTENTION, METHODS, of_kind

QUIET = (lambda _done, _total: None, lambda: None)


def transformer(blocks=3):
    """4 x 4 patches, 2 heads, a head that is not zero."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(8)
        network = models.VisionTransformer(32, 8, blocks, 2, 12, 24, num_classes=3)
        for parameter in network.parameters():
            nn.init.normal_(parameter, std=0.4)
    return network.double().eval().requires_grad_(False)


def picture():
    return torch.randn(1, 3, 32, 32, dtype=torch.float64, generator=torch.Generator().manual_seed(9))


def by_hand(network, image):
    """The whole network without its modules' forward: attention per block, with gradients, and logits."""
    patches = torch.nn.functional.unfold(image, 8, stride=8).transpose(1, 2)
    tokens = patches @ network.conv_proj.weight.flatten(1).T + network.conv_proj.bias
    tokens = torch.cat([network.class_token, tokens], 1) + network.encoder.pos_embedding
    attentions = []

    def normed(values, norm):
        centred = values - values.mean(-1, keepdim=True)
        scaled = centred / (values.var(-1, unbiased=False, keepdim=True) + norm.eps).sqrt()
        return scaled * norm.weight + norm.bias

    for block in network.encoder.layers:
        x = normed(tokens, block.ln_1)[0]
        attend = block.self_attention
        width = x.shape[1]
        per_head, heads = width // attend.num_heads, []
        weights = []
        for head in range(attend.num_heads):
            own = slice(head * per_head, (head + 1) * per_head)
            q, k, v = (
                x @ attend.in_proj_weight[i * width : (i + 1) * width][own].T
                + attend.in_proj_bias[i * width : (i + 1) * width][own]
                for i in range(3)
            )
            scores = q @ k.T / per_head**0.5
            weight = scores.exp() / scores.exp().sum(1, keepdim=True)
            if not weight.requires_grad:
                weight.requires_grad_()
            weights.append(weight)
            heads.append(weight @ v)
        attentions.append(weights)
        gathered = torch.cat(heads, 1) @ attend.out_proj.weight.T + attend.out_proj.bias
        tokens = tokens + gathered
        inner = normed(tokens, block.ln_2) @ block.mlp[0].weight.T + block.mlp[0].bias
        inner = inner * 0.5 * (1 + torch.erf(inner / 2**0.5))
        tokens = tokens + inner @ block.mlp[3].weight.T + block.mlp[3].bias
    tokens = normed(tokens, network.encoder.ln)
    return attentions, tokens[:, 0] @ network.heads.head.weight.T + network.heads.head.bias


def test_rollout_equals_a_transformer_written_out_by_hand():
    network, image = transformer(), picture()
    attentions, logits = by_hand(network, image)
    torch.testing.assert_close(logits, network(image))
    rollout = torch.eye(17, dtype=torch.float64)
    for weights in attentions:
        rollout = (0.5 * (weights[0] + weights[1]) / 2 + 0.5 * torch.eye(17)) @ rollout
    answer = attention_rollout(asked_of(network, image, 0), *QUIET)
    np.testing.assert_allclose(answer.cam, rollout[0, 1:].detach().reshape(4, 4), rtol=1e-5)
    assert "every finding" in answer.notes[0]


@pytest.mark.parametrize("target", [1, (2, 0)])
def test_gradient_attention_equals_a_transformer_written_out_by_hand(target):
    network, image = transformer(), picture()
    attentions, logits = by_hand(network, image)
    score = logits[0, target] if isinstance(target, int) else logits[0, target[0]] - logits[0, target[1]]
    flat = [weight for weights in attentions for weight in weights]
    slopes = iter(torch.autograd.grad(score, flat, materialize_grads=True))
    relevance = torch.eye(17, dtype=torch.float64)
    for weights in attentions:
        kept = [(weight * next(slopes)).clamp(min=0) for weight in weights]
        relevance = relevance + (kept[0] + kept[1]) / 2 @ relevance
    cam = gradient_attention(asked_of(network, image, target), *QUIET).cam
    expected = relevance[0, 1:].detach().reshape(4, 4).numpy()
    np.testing.assert_allclose(cam, expected, rtol=1e-4, atol=1e-6 * expected.max())
    assert cam.max() > 0 and cam.dtype == np.float32


def test_attention_to_all_alike_rolls_out_to_a_flat_map():
    """With zero queries every row of A is 1/17; two blocks give 1/4 * (2/17 + 1/17 ...) to each place."""
    network = transformer(blocks=2)
    for block in network.encoder.layers:
        block.self_attention.in_proj_weight[:12] = 0
        block.self_attention.in_proj_bias[:12] = 0
    cam = attention_rollout(asked_of(network, picture(), 0), *QUIET).cam
    # (U/2 + I/2)^2 with U^2 = U is 3/4 U + 1/4 I: off its diagonal 3/4 * 1/17.
    np.testing.assert_allclose(cam, np.full((4, 4), 0.75 / 17), rtol=1e-5)


def test_tokens_that_attend_to_one_place_light_up_that_place_alone():
    network = transformer(blocks=1)
    attend = network.encoder.layers[0].self_attention
    network.encoder.layers[0].ln_1.weight.zero_()
    network.encoder.layers[0].ln_1.bias.zero_()
    found = []

    def steer(module, inputs):
        tokens = torch.zeros_like(inputs[0])
        tokens[0, 1 + 6, 0] = 1  # the place (1, 2)
        found.append(tokens)
        return tokens, tokens, tokens

    attend.in_proj_weight.zero_()
    attend.in_proj_bias.zero_()
    attend.in_proj_bias[[0, 6]] = 1  # every query points along the first axis of its head ...
    attend.in_proj_weight[12, 0] = attend.in_proj_weight[18, 0] = 400  # ... and so does one key
    with_steering = attend.register_forward_pre_hook(steer)
    cam = attention_rollout(asked_of(network, picture(), 0), *QUIET).cam
    with_steering.remove()
    expected = np.zeros((4, 4))
    expected[1, 2] = 0.5
    np.testing.assert_allclose(cam, expected, atol=1e-6)


def test_in_single_precision_and_inference_mode_the_map_is_the_same():
    network, image = transformer().float(), picture().float()
    expected = gradient_attention(asked_of(network, image, 1), *QUIET).cam
    with torch.inference_mode():
        again = gradient_attention(asked_of(network, image, 1), *QUIET).cam
    np.testing.assert_array_equal(again, expected)
    np.testing.assert_allclose(
        gradient_attention(asked_of(transformer(), picture(), 1), *QUIET).cam, expected, rtol=2e-3, atol=1e-5
    )


@pytest.mark.parametrize("row", of_kind(ATTENTION), ids=lambda row: row.id)
@pytest.mark.parametrize("steps", [10**6, 2, 5])
def test_nothing_is_left_on_the_network_nor_on_the_random_state(row, steps):
    network = transformer().requires_grad_(True).train()
    network.encoder.ln.eval()

    def check():
        nonlocal steps
        steps -= 1
        if steps == 0:
            raise Cancelled

    cancelled, few = False, steps < 5 or (steps == 5 and row.id == "gradient-attention")
    with untouched(network):
        try:
            METHODS[row.id].run(asked_of(network, picture(), 0), QUIET[0], check)
        except Cancelled:
            cancelled = True
    assert cancelled == few


def test_networks_without_attention_between_all_places_are_refused_in_words():
    swin = models.SwinTransformer([4, 4], 8, [2, 2], [2, 2], [2, 2], num_classes=3)
    for network, word in ((swin, "windows"), (models.squeezenet1_1(num_classes=3), "transformer")):
        loaded = SimpleNamespace(module=network, card=SimpleNamespace(name="tiny"))
        for row in METHODS.values():
            assert (word in applicable(row, loaded)) == (row.kind == ATTENTION)
        with pytest.raises(ModelError, match="attention"):
            attention_rollout(asked_of(network, picture(), 0), *QUIET)
    loaded = SimpleNamespace(module=transformer(), card=SimpleNamespace(name="tiny"))
    assert not any(applicable(row, loaded) for row in METHODS.values())
