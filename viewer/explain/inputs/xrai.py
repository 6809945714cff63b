"""XRAI: Integrated Gradients gathered into regions of the picture, the densest first."""

from __future__ import annotations

from typing import Any

import numpy as np

from viewer.explain.asked import Answer, Asked, Progress
from viewer.explain.capture import Check
from viewer.explain.inputs.completeness import completeness
from viewer.explain.inputs.extra import optional
from viewer.explain.inputs.inquiry import grey_picture, inquiry, level, summed
from viewer.explain.inputs.integrated import STEPS, along_line

SCALES = (50, 100, 150, 250, 500, 1200)
SIGMA = 0.8
LEAST_SEGMENT = 150
SIDE = 224
"""Segments are sought on a picture of this size, for which the scales were chosen."""
MARGIN = 5
LEAST_GAIN = 50
"""Pixels: a segment that would add fewer is left out."""
TOP = 0.3


def xrai(asked: Asked, progress: Progress, check: Check) -> Answer:
    """XRAI (Kapishnikov et al. 2019, algorithm 1): Integrated Gradients from black and from white, averaged,
    as the mean density of each region that is added.

    A pixel's value is the mean share of the pixels its region added, so the map keeps the sum. Where the
    authors take the largest of the channels, the channels' shares are added up here.
    """
    cam, _order, notes = _regions(asked, progress, check)
    return Answer(cam, notes)


def xrai_top(asked: Asked, progress: Progress, check: Check) -> Answer:
    """XRAI with the most salient regions alone, up to 30 % of the picture; zero elsewhere.

    The first region stays even where it is larger.
    """
    cam, order, notes = _regions(asked, progress, check)
    kept = np.zeros(cam.shape, bool)
    for number in range(1, int(order.max()) + 1):
        region = order == number
        if number > 1 and (kept | region).mean() > TOP:
            break
        kept |= region
    told = f"The {kept.mean():.0%} of the picture with the densest evidence; all else is left out."
    return Answer(np.where(kept, cam, np.float32(0)), (told, *notes))


def _regions(
    asked: Asked, progress: Progress, check: Check
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    optional("skimage.segmentation")  # before the passes, not after them
    black, white = level(asked, 0.0), level(asked, 1.0)
    with inquiry(asked, 2 * STEPS + 3, progress, check) as network:
        share = (along_line(network, network.image, black) + along_line(network, network.image, white)) / 2
        image, dark, bright = (float(network.scores(one)) for one in (network.image, black, white))
    density = summed(share)
    segments = segments_of(grey_picture(asked), check)
    cam, order = grown(density, segments, check)
    notes = completeness(float(cam.sum(dtype=np.float64)), image - (dark + bright) / 2)
    return cam, order, (*notes, "Baselines: a black and a white picture.")


def segments_of(grey: np.ndarray, check: Check) -> Any:
    """(segments, h * w) sparse float64 of ones: Felzenszwalb's segments of all scales, widened by 5 pixels.

    `grey` is (h, w), 0 … 1.
    """
    segmentation, transform = optional("skimage.segmentation"), optional("skimage.transform")
    morphology, sparse = optional("skimage.morphology"), optional("scipy.sparse")
    picture = transform.resize(grey, (SIDE, SIDE), order=1, anti_aliasing=True) * 2.0 - 1.0
    rows = []
    for scale in SCALES:
        check()
        found = segmentation.felzenszwalb(
            picture, scale=scale, sigma=SIGMA, min_size=LEAST_SEGMENT, channel_axis=None
        )
        labels = transform.resize(found, grey.shape, order=0, preserve_range=True, anti_aliasing=False)
        for label in np.unique(labels):
            check()
            rows.append(np.flatnonzero(morphology.isotropic_dilation(labels == label, MARGIN)))
    starts = np.cumsum([0, *(len(row) for row in rows)])
    places = np.concatenate(rows)
    return sparse.csr_matrix((np.ones(len(places)), places, starts), shape=(len(rows), grey.size))


def grown(density: np.ndarray, segments: Any, check: Check) -> tuple[np.ndarray, np.ndarray]:
    """Add the segment whose new pixels are densest, again and again.

    Returns
    -------
    (h, w) float32
        At each pixel the mean of `density` over the pixels that came with it.
    (h, w) int
        1 for the densest region, counting up as the value falls; 0 for pixels in no segment that counts.
    """
    flat = density.astype(np.float64).ravel()
    free = np.ones(flat.size)
    left = np.ones(segments.shape[0], bool)
    regions: list[np.ndarray] = []
    while True:
        check()
        gains = segments @ free
        left &= gains >= LEAST_GAIN
        if not left.any():
            break
        means = np.where(left, (segments @ (free * flat)) / np.maximum(gains, 1), -np.inf)
        best = int(means.argmax())
        places = segments.indices[segments.indptr[best] : segments.indptr[best + 1]]
        regions.append(places[free[places] > 0])
        free[places] = 0
        left[best] = False
    values, order = np.zeros(flat.size), np.zeros(flat.size, int)
    rest = free > 0
    if rest.any():
        values[rest] = flat[rest].mean()
    regions.sort(key=lambda region: -float(flat[region].mean()))
    for number, region in enumerate(regions, start=1):
        values[region], order[region] = flat[region].mean(), number
    return values.astype(np.float32).reshape(density.shape), order.reshape(density.shape)
