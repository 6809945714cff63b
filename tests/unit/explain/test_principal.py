import numpy as np
import pytest
import torch

from viewer.explain import principal
from viewer.explain.cam import eigen_cam
from viewer.explain.principal import first_direction


def matrix(kind, rows, cols):
    generator = torch.Generator().manual_seed(rows)
    noise = torch.randn(rows, cols, generator=generator)
    if kind == "active":  # as behind a ReLU
        return noise.relu()
    if kind == "few patterns":  # of either sign, the first not half of the whole
        patterns = torch.randn(rows, 8, generator=generator) @ torch.randn(8, cols, generator=generator)
        return patterns + 0.2 * noise
    return noise  # no pattern at all: the singular values lie side by side


SHAPES = [(32, 400), (70, 300), (300, 70), (256, 784)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("kind", ["active", "few patterns", "noise"])
def test_the_direction_is_that_of_the_full_decomposition(kind, shape):
    values = matrix(kind, *shape)
    left, strengths, right = np.linalg.svd(values.numpy().astype(np.float64), full_matrices=False)
    found = first_direction(values).numpy().astype(np.float64)
    assert np.linalg.norm(found) == pytest.approx(1, abs=1e-5)
    sign = np.sign(found @ left[:, 0])
    expected = strengths[0] * right[0]
    np.testing.assert_allclose(sign * found @ values.numpy(), expected, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("kind", ["active", "few patterns"])
def test_a_layer_with_a_pattern_needs_no_full_decomposition(kind, monkeypatch):
    honest = torch.linalg.eigh

    def small(values):
        assert len(values) <= principal.STEPS
        return honest(values)

    monkeypatch.setattr(torch.linalg, "eigh", small)
    first_direction(matrix(kind, 256, 784))


@pytest.mark.parametrize("start", ["along the second", "nothing"])
def test_a_start_that_hides_the_first_direction_does_not_fool_it(start):
    """The iteration starts with the rows' sums: orthogonal to the first direction it never meets it."""
    generator = torch.Generator().manual_seed(1)
    left = torch.linalg.qr(torch.randn(100, 3, generator=generator, dtype=torch.float64))[0]
    right = torch.randn(3, 300, generator=generator, dtype=torch.float64)
    right[0] -= right[0].mean()  # rows' sums then have no share of the first direction
    if start == "nothing":
        right -= right.mean(1, keepdim=True)
    right = torch.linalg.qr(right.T)[0].T
    right[0] -= right[0].mean()
    strengths = torch.tensor([3.0, 2.9, 2.8], dtype=torch.float64)
    found = first_direction((left * strengths @ right).float())
    assert abs(float(found.double() @ left[:, 0])) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("factor", [1e-25, 1e-12, 1e-8, 1e-5, 1e5, 1e8, 1e12, 1e25])
def test_very_weak_and_very_strong_activations_have_the_same_direction(factor):
    values = matrix("active", 70, 300)
    assert abs(float(first_direction(values * factor) @ first_direction(values))) == pytest.approx(
        1, abs=1e-5
    )


def test_nothing_and_what_is_no_number_are_passed_on():
    assert first_direction(torch.zeros(80, 90)).tolist() == [0] * 80
    for odd in (float("nan"), float("inf"), float("-inf")):
        values = matrix("active", 80, 90)
        values[3, 4] = odd
        assert first_direction(values).isnan().all()
        assert eigen_cam(values.reshape(80, 9, 10), values.reshape(80, 9, 10)).isnan().all()


def test_a_layer_of_one_pattern_alone_is_that_pattern():
    pattern = torch.arange(1.0, 101).reshape(10, 10)
    found = eigen_cam(torch.ones(90, 1, 1) * pattern, torch.zeros(90, 10, 10))
    torch.testing.assert_close(found, pattern * 90**0.5, rtol=1e-4, atol=1e-3)


def test_no_random_number_is_drawn():
    before = torch.random.get_rng_state()
    values = matrix("noise", 128, 200)
    assert torch.equal(first_direction(values), first_direction(values))
    assert torch.equal(torch.random.get_rng_state(), before)
