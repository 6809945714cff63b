"""The promise that an overlay lies where the evidence was, held end to end."""

import numpy as np
import pytest

from tests.support.slice_factory import make_slice
from viewer.explain.heatmap import to_slice
from viewer.inference.card import CardInput
from viewer.inference.preprocess import prepare
from viewer.study import Geometry

STRIDE = 16
SHAPES = [(256, 256), (300, 180), (127, 333), (48, 60)]
SPACINGS = [(1.0, 1.0), (2.5, 0.8), (0.7, 1.9)]
OBLIQUE = ((0.8, 0.6, 0.0), (-0.36, 0.48, 0.8))
AXIAL = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))


def patient_point(geometry, row, col):
    """PS3.3 C.7.6.2.1.1, written out: (x, y, z) mm of a place in pixel-centre coordinates."""
    along_row, along_col = np.array(geometry.row_direction), np.array(geometry.col_direction)
    return (
        np.array(geometry.position)
        + along_row * geometry.spacing[1] * col
        + along_col * geometry.spacing[0] * row
    )


def averaged(seen):
    """A network that answers with the mean of each cell of STRIDE x STRIDE input pixels."""
    h, w = seen.shape
    return seen.reshape(h // STRIDE, STRIDE, w // STRIDE, STRIDE).mean((1, 3))


def markers(mapping, shape):
    """Pixels near the corners, the edges and the middle of what the network sees."""
    spots = []
    for axis, size in ((mapping.rows, shape[0]), (mapping.cols, shape[1])):
        ends = sorted((edge - axis.offset) / axis.scale for edge in (0, axis.input_size))
        low, high = max(ends[0], 0.0), min(ends[1], float(size))
        spots.append([int(low + share * (high - low - 1)) for share in (0.03, 0.3, 0.5, 0.77, 0.97)])
    return [(row, col) for row in spots[0] for col in spots[1]]


@pytest.mark.parametrize("fit", ["letterbox", "crop", "stretch"])
@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("directions", [AXIAL, OBLIQUE], ids=["axial", "oblique"])
def test_a_marker_comes_out_within_one_network_stride(fit, flip, spacing, shape, directions):
    card = CardInput(size=(160, 224), fit=fit, flip=flip, normalisation="window", center=500, width=1000)
    geometry = Geometry((-80.0, 12.0, 40.0), *directions, spacing, "PixelSpacing")
    _, mapping = prepare(make_slice(np.zeros(shape, np.int16), geometry=geometry), card)
    stride_mm = [
        STRIDE / abs(axis.scale) * step
        for axis, step in zip((mapping.rows, mapping.cols), spacing, strict=True)
    ]
    for row, col in markers(mapping, shape):
        values = np.zeros(shape, np.int16)
        values[row, col] = 1000
        seen, mapping = prepare(make_slice(values, geometry=geometry), card)
        heat = to_slice(averaged(seen[0]), mapping)
        assert heat.shape == shape
        found = np.unravel_index(heat.argmax(), shape)
        apart = patient_point(geometry, *found) - patient_point(geometry, row, col)
        along_col, along_row = abs(apart @ np.array(directions[1])), abs(apart @ np.array(directions[0]))
        assert along_col <= stride_mm[0] and along_row <= stride_mm[1]


@pytest.mark.parametrize("fit", ["letterbox", "crop", "stretch"])
@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("spacing", SPACINGS)
def test_the_centre_of_evidence_is_kept_to_a_fraction_of_a_pixel(fit, flip, spacing):
    """Without a network's coarse grid, a smooth spot comes back where it was: no half-pixel drift."""
    rows, cols = np.mgrid[0:240, 0:200] + 0.5
    card = CardInput(size=(160, 224), fit=fit, flip=flip, normalisation="window", center=500, width=1000)
    centre = (118.3, 103.6)
    spot = 1000 * np.exp(-((rows - centre[0]) ** 2 + (cols - centre[1]) ** 2) / (2 * 7.0**2))
    slice_ = make_slice(spot.astype(np.float32), geometry=Geometry(spacing=spacing))
    seen, mapping = prepare(slice_, card)
    heat = to_slice(seen[0], mapping)
    at = ((heat * rows).sum() / heat.sum(), (heat * cols).sum() / heat.sum())
    assert at == pytest.approx(centre, abs=0.05)


def test_on_anisotropic_pixels_the_two_axes_have_their_own_stride():
    card = CardInput(size=(160, 160), fit="letterbox", normalisation="window", center=500, width=1000)
    _, mapping = prepare(
        make_slice(np.zeros((80, 160), np.int16), geometry=Geometry(spacing=(2.0, 1.0))), card
    )
    assert (mapping.rows.scale, mapping.cols.scale) == (2.0, 1.0)
