from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from tests.support.input_questions import Weighted, answer, ask, normalised, picture, plain
from viewer.explain.inputs.xrai import SCALES, grown, segments_of

skimage = pytest.importorskip("skimage")
sparse = pytest.importorskip("scipy.sparse")


def go():
    pass


def scene(side=64):
    """A bright square on grey, with a dark bar far from it."""
    grey = np.full((side, side), 0.4, np.float32)
    grey[8:24, 8:24] = 0.9
    grey[44:50, 10:60] = 0.1
    return grey


class Square(nn.Module):
    """Adds up the greys in the bright square alone."""

    def forward(self, x):
        inside = x[:, :, 8:24, 8:24].mean((1, 2, 3))
        return torch.stack([inside, -inside], 1)


def by_the_book(density, masks):
    """Algorithm 1 with plain loops: the segment with the densest gain, again and again."""
    covered, masks, trace = np.zeros(density.shape, bool), [mask.copy() for mask in masks], []
    cam = np.full(density.shape, np.nan)
    while True:
        masks = [mask for mask in masks if (mask & ~covered).sum() >= 50]
        if not masks:
            break
        gains = [density[mask & ~covered].mean() for mask in masks]
        best = masks.pop(int(np.argmax(gains)))
        new = best & ~covered
        cam[new] = density[new].mean()
        trace.append(new)
        covered |= best
    if (~covered).any():
        cam[~covered] = density[~covered].mean()
    return cam, trace


def test_regions_grow_as_in_the_papers_algorithm():
    generator = np.random.default_rng(2)
    density = generator.normal(size=(40, 40))
    rows, cols = np.mgrid[:40, :40]
    masks = [
        (rows - r) ** 2 + (cols - c) ** 2 < radius**2
        for r, c, radius in zip(
            *generator.integers(3, 37, (2, 30)), generator.integers(2, 12, 30), strict=True
        )
    ]
    segments = sparse.csr_matrix(np.array([mask.ravel() for mask in masks], float))
    cam, order = grown(density.astype(np.float32), segments, go)
    expected, trace = by_the_book(density.astype(np.float32), masks)
    np.testing.assert_allclose(cam, expected, rtol=1e-5)
    assert order.max() == len(trace)
    for region in trace:
        assert len(np.unique(order[region])) == 1


def test_regions_are_ranked_by_density_nested_and_keep_the_sum():
    density = np.random.default_rng(3).normal(size=(64, 64)).astype(np.float32)
    cam, order = grown(density, segments_of(scene(), go), go)
    assert float(cam.sum()) == pytest.approx(float(density.sum()), abs=1e-2)
    values = [np.unique(cam[order == number]) for number in range(1, order.max() + 1)]
    assert len(values) > 3 and all(len(value) == 1 for value in values)
    assert all(one >= other for one, other in pairwise(values))


def test_segments_are_felzenszwalbs_of_all_scales_widened_by_five_pixels():
    from skimage.morphology import dilation, disk
    from skimage.segmentation import felzenszwalb
    from skimage.transform import resize

    grey = scene()
    large = resize(grey, (224, 224), order=1, anti_aliasing=True) * 2 - 1
    expected = []
    for scale in SCALES:
        found = felzenszwalb(large, scale=scale, sigma=0.8, min_size=150, channel_axis=None)
        labels = resize(found, grey.shape, order=0, preserve_range=True, anti_aliasing=False)
        expected += [dilation(labels == label, disk(5)) for label in np.unique(labels)]
    segments = segments_of(grey, go).toarray().reshape(-1, *grey.shape).astype(bool)
    assert SCALES == (50, 100, 150, 250, 500, 1200)
    np.testing.assert_array_equal(segments, expected)
    assert segments.any(0).all()  # every pixel is in a segment


def test_the_densest_region_is_the_square_the_network_counts():
    grey = torch.from_numpy(scene())[None, None].repeat(1, 2, 1, 1)
    asked = ask(Square(), normalised(grey))
    full, top = answer("xrai", asked), answer("xrai-30", asked)
    inside = np.zeros((64, 64), bool)
    inside[8:24, 8:24] = True
    beside = np.zeros((64, 64), bool)
    beside[3:29, 3:29] = True  # the segments' margin
    highest = full.cam == full.cam.max()
    assert (highest & inside).sum() > 200 and not (highest & ~beside).any()
    assert (top.cam != 0).mean() <= 0.3 and (top.cam[inside] > 0).all()
    kept = top.cam != 0
    np.testing.assert_array_equal(top.cam[kept], full.cam[kept])
    assert full.cam[kept].min() >= full.cam[~kept].max()
    assert "of the picture with the densest evidence" in top.notes[0]


def test_the_map_shares_out_the_difference_to_black_and_white():
    network, image = Weighted(2, 64, square=1.0), picture(2, 64)
    found = answer("xrai", ask(network, image))
    with torch.no_grad():
        three = torch.cat([image, plain(0, image), plain(1, image)]).double()
        score, dark, bright = network(three)[:, 0].tolist()
    assert float(found.cam.sum()) == pytest.approx(score - (dark + bright) / 2, rel=1e-3)
    assert "(gap 0.0 %)" in found.notes[0] and "white" in found.notes[-1]


def test_a_region_that_comes_later_but_is_denser_ranks_before():
    density = np.repeat([9.0, 0.0, 8.0], 60).reshape(1, -1).astype(np.float32)
    first, second = np.zeros((2, 180))
    first[:120] = second[60:] = 1  # mean 4.5 and 4; what the second then adds has 8
    cam, order = grown(density, sparse.csr_matrix(np.stack([first, second])), go)
    assert cam[0, [0, 60, 120]].tolist() == [4.5, 4.5, 8.0]
    assert order[0, [0, 60, 120]].tolist() == [2, 2, 1]


def test_the_top_is_the_densest_regions_up_to_thirty_per_cent():
    bars = torch.linspace(0, 1, 8).repeat_interleave(8).expand(1, 2, 64, 64)
    asked = ask(Everywhere(), normalised(bars))
    full, top = answer("xrai", asked).cam, answer("xrai-30", asked).cam
    kept = top != 0
    assert 0.15 < kept.mean() <= 0.3 and full.all()
    assert full[kept].min() >= full[~kept].max()


class Everywhere(nn.Module):
    """Every place counts, more to the right."""

    def forward(self, x):
        weights = torch.linspace(1, 3, x.shape[-1], dtype=x.dtype)
        return ((x * 0.2 + 0.4) * weights).mean((1, 2, 3))[:, None].repeat(1, 2)
