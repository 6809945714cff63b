"""Colour tables of the heatmap, perceptual by default.

inferno, viridis and cividis are by N. J. Smith, S. van der Walt, E. Firing and J. R. Nuñez et al. (CC0),
kept here as every eighth colour and interpolated: at most 4 of 255 levels from the originals.

To add a colour map: its stops in `_STOPS`; signed ones also in `SIGNED`.
"""

from __future__ import annotations

import numpy as np

DEFAULT = "inferno"
SIGNED = frozenset({"diverging"})
"""Maps whose middle means zero: their scale is symmetric, and both ends are evidence."""

_EIGHTHS = (*range(0, 256, 8), 255)
_FIFTHS = (0, 64, 128, 191, 255)
_STOPS: dict[str, tuple[tuple[int, ...], str]] = {
    "inferno": (
        _EIGHTHS,
        "0000040403120b0724150b37210c4a2f0a5b3d09654a0c6b57106e64156e71196e7d1e6d8a226a972766a32c61b0315b"
        "bc3754c73e4cd24644db503be45a31eb6628f1731df68013f98e09fb9d07fcac11fbbc21f9cb35f5db4cf2ea69f3f68a"
        "fcffa4",
    ),
    "viridis": (
        _EIGHTHS,
        "440154470d6048186a482374472d7b4537814240863e49893b528b375b8d33638d2f6b8e2c728e297a8e26828e23898e"
        "21918c1f988b1fa08822a78528ae8032b67a3fbc734ec36b5ec96270cf5784d44b98d83eaddc30c2df23d8e219ece51b"
        "fde725",
    ),
    "cividis": (
        _EIGHTHS,
        "00204d00265a002c6900306f06366e1f3c6d2d426c38486b414d6b4a536b52596c595f6d61646f686a716f7073767676"
        "7d7c788482798c8879948e789c9577a49b76ada274b5a971beaf6fc6b66bcfbd67d8c563e1cc5dead357f3db4ffde346"
        "ffea46",
    ),
    "diverging": (_FIFTHS, "a6dcff3d84d6333333d2691effd79a"),
    "jet (misleading)": ((0, 31, 95, 159, 223, 255), "0000800000ff00ffffffff00ff0000800000"),
}


def _table(positions: tuple[int, ...], stops: str) -> np.ndarray:
    """Interpolate hexadecimal RGB stops to a read-only (256, 3) uint8 table."""
    colors = np.frombuffer(bytes.fromhex(stops), np.uint8).reshape(-1, 3)
    channels = [np.interp(np.arange(256), positions, colors[:, channel]) for channel in range(3)]
    table = np.rint(np.stack(channels, axis=1)).astype(np.uint8)
    table.flags.writeable = False
    return table


COLORMAPS: dict[str, np.ndarray] = {name: _table(*stops) for name, stops in _STOPS.items()}
"""Name -> (256, 3) uint8 RGB, from the bottom of the scale to its top; in the order to offer them."""


def scale_range(name: str, heat_range: tuple[float, float]) -> tuple[float, float]:
    """The values (bottom, top) of the colour bar: symmetric about zero for a signed map."""
    if name not in SIGNED:
        return heat_range
    top = max(abs(heat_range[0]), abs(heat_range[1]))
    return -top, top
