"""Colour tables of the heatmap, perceptual by default.

inferno, viridis and cividis are by N. J. Smith, S. van der Walt, E. Firing and J. R. Nuñez et al. (CC0),
kept here as every eighth colour and interpolated: at most 4 of 255 levels from the originals.

Evidence for a finding is drawn in the map the reader chose. Evidence against it, and both at once, have
colours of their own, so that neither is taken for the other: blue is against, wherever blue stands beside
orange. Both were made for this project in CIELAB, in even steps of lightness, the two arms of the signed map
alike, and are told apart with any colour vision.

To add a colour map: its stops in `_STOPS` and, for evidence for, its name in `_OFFERED`.
"""

from __future__ import annotations

import numpy as np

DEFAULT = "inferno"
EVIDENCE = ("positive", "negative", "signed")
"""Which evidence is drawn: for the finding, against it, or both about a transparent zero."""
ZERO = 128
"""Index of zero in the table of signed evidence; −1 … 1 of the scale are the indices 1 … 255."""

GREY = "grey"
"""Dull instead of the colours, with a tinge that anatomy never has, until the reader has looked why not to
believe the map."""
_GREY_SIGNED = "grey for and against"

_EIGHTHS = (*range(0, 256, 8), 255)
_ABOUT_ZERO = tuple(ZERO + 127 * step / 16 for step in range(-16, 17))
_STOPS: dict[str, tuple[tuple[float, ...], str]] = {
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
    "against": (
        _EIGHTHS,
        "0b0b0b121319151924171f3017253c172c481432540f395f07416b054874064f7d075685085e8e0966970b6da00c75a8"
        "0d7db10f85b9108ec21f96c9319dce41a5d350add85fb5dc6dbce07cc4e48acce898d3eca6dbf0b4e2f4c2e9f8d0f1fc"
        "e1f8ff",
    ),
    "for and against": (
        _ABOUT_ZERO,
        "9fe0fe81d7fe64cdfc4ac2f629b7f116ace614a0da1295ce1089c10e7eb50c73a80a699c195e8c2a5378334862363e4b"
        "3535354c3a31603f2d73452a844b27935324a15b24ae6525ba6f29c47a31ce863ad69246de9e54e6ab63edb773f4c484"
        "fbd095",
    ),
    GREY: ((0, 255), "263c3cb4d8d2"),
    _GREY_SIGNED: ((0, ZERO, 255), "d2c4b83a3838b4d8d2"),
    "jet (misleading)": ((0, 31, 95, 159, 223, 255), "0000800000ff00ffffffff00ff0000800000"),
}


def _table(positions: tuple[float, ...], stops: str) -> np.ndarray:
    """Interpolate hexadecimal RGB stops to a read-only (256, 3) uint8 table."""
    colors = np.frombuffer(bytes.fromhex(stops), np.uint8).reshape(-1, 3)
    channels = [np.interp(np.arange(256), positions, colors[:, channel]) for channel in range(3)]
    table = np.rint(np.stack(channels, axis=1)).astype(np.uint8)
    table.flags.writeable = False
    return table


_TABLES: dict[str, np.ndarray] = {name: _table(*stops) for name, stops in _STOPS.items()}
_OFFERED = ("inferno", "viridis", "cividis", "jet (misleading)")

COLORMAPS: dict[str, np.ndarray] = {name: _TABLES[name] for name in _OFFERED}
"""Name -> (256, 3) uint8 RGB, from no evidence to the top of the scale; in the order to offer them."""


def map_in_force(colormap: str, evidence: str) -> str:
    """The name of the colour map that is drawn, where the reader chose `colormap` for evidence for. The name
    of one that is drawn gives itself."""
    if colormap in (GREY, _GREY_SIGNED):
        return _GREY_SIGNED if evidence == "signed" else colormap
    return {"negative": "against", "signed": "for and against"}.get(evidence, colormap)


def color_table(colormap: str, evidence: str = "positive") -> np.ndarray:
    """(256, 3) uint8 RGB of the map in force, from the bottom of the scale to its top."""
    return _TABLES[map_in_force(colormap, evidence)]


def scale_of(evidence: str, top: float) -> tuple[float, float]:
    """The values at the bottom and the top of the colour scale; `top` is the most evidence, a magnitude.

    Evidence against is drawn by its magnitude: its scale runs down from 0.
    """
    return {"negative": (0.0, -top), "signed": (-top, top)}.get(evidence, (0.0, top))


def bar_words(evidence: str, heat_range: tuple[float, float]) -> tuple[str, str, str]:
    """What stands at the bottom, the middle and the top of a colour bar: numbers with real signs."""
    low, high = heat_range
    middle = number((low + high) / 2)
    return number(low), middle, f"+{number(high)}" if evidence == "signed" else number(high)


def number(value: float) -> str:
    """Two significant figures and a real minus sign."""
    return f"{value + 0.0:.2g}".replace("-", "−")
