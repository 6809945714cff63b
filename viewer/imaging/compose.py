"""Grey + heatmap -> RGB: the one definition of what a slice looks like, on screen and in a report.

Blending goes through one table of 256 grey levels × 256 heat levels, so a new opacity, threshold or
colour map costs 65 536 additions and one lookup a pixel (blending in NumPy: 25 times as long).
"""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import Protocol

import numpy as np

from viewer.imaging.colormap import ZERO, color_table, map_in_force
from viewer.imaging.covers import Cover, cover
from viewer.imaging.section import Section, cut, picked, reduced, whole
from viewer.imaging.window import to_grey
from viewer.results import Heatmap
from viewer.study import Slice, Window

_OPAQUE = np.uint32(0xFF000000)
_HEAT_BYTE, _GREY_BYTE = (0, 1) if sys.byteorder == "little" else (-1, -2)
_RGB_BYTES = (2, 1, 0) if sys.byteorder == "little" else (1, 2, 3)


class OverlayLook(Protocol):
    """How a heatmap is presented; `threshold` and `opacity` are fractions.

    `evidence` is one of `colormap.EVIDENCE`; `colormap` is in force for evidence for alone.
    """

    @property
    def visible(self) -> bool: ...
    @property
    def opacity(self) -> float: ...
    @property
    def threshold(self) -> float: ...
    @property
    def colormap(self) -> str: ...
    @property
    def evidence(self) -> str: ...


def heat_index(
    values: np.ndarray, heat_range: tuple[float, float], scratch: np.ndarray | None = None
) -> np.ndarray:
    """Place evidence on the colour scale.

    Parameters
    ----------
    values : (rows, cols) float32, logit units.
    heat_range : evidence at the bottom and at the top of the scale, see `colormap.scale_of`; beyond is
        clipped. From 0 down for evidence against; from −top to top for signed evidence.
    scratch : (rows, cols) float32 to work in; fresh memory costs as much as the arithmetic.

    Returns
    -------
    (rows, cols) uint8
        0 at the bottom and beyond, 255 at the top and beyond; of signed evidence 1 at the bottom and
        `ZERO` for zero, so that values of either sign are rounded alike.
    """
    low, high = heat_range
    signed = low < 0 < high
    if high == low:
        return np.zeros(values.shape, np.uint8)
    per_level = (254 if signed else 255) / (high - low)
    scaled = np.multiply(values, np.float32(per_level), out=scratch, dtype=np.float32)
    scaled += np.float32(0.5 + ZERO if signed else 0.5 - low * per_level)
    np.clip(scaled, 0, 255, out=scaled)
    return scaled.astype(np.uint8)


@lru_cache(maxsize=64)
def drawn(evidence: str, threshold: float) -> np.ndarray:
    """Which heat indices are drawn at all, (256,) bool, read-only.

    No evidence is never drawn: index 0, or the middle of a signed scale. `threshold` is a fraction of the
    scale's top; of signed evidence the magnitude counts.
    """
    index = np.arange(256)
    if evidence == "signed":
        strength = np.abs(index - ZERO) / 127
        shown = (strength >= threshold) & (index != ZERO)
    else:
        shown = (index / 255 >= threshold) & (index > 0)
    shown.flags.writeable = False
    return shown


def nothing_drawn(heatmap: Heatmap, overlay: OverlayLook, heat_range: tuple[float, float]) -> bool:
    """Whether the evidence asked for lies below the threshold everywhere, so that the picture shows none."""
    return not _any_drawn(_extremes(heatmap), heat_range, overlay.evidence, overlay.threshold)


@lru_cache(maxsize=256)
def _any_drawn(
    values: tuple[float, ...], heat_range: tuple[float, float], evidence: str, threshold: float
) -> bool:
    index = heat_index(np.array(values, np.float32), heat_range)
    return bool(drawn(evidence, threshold)[index].any())


@lru_cache(maxsize=16)
def _extremes(heatmap: Heatmap) -> tuple[float, float]:
    return float(heatmap.values.min()), float(heatmap.values.max())


@lru_cache(maxsize=64)
def gaps(evidence: str, threshold: float) -> tuple[tuple[int, int], ...]:
    """[start, end) of every run of heat indices that are not drawn."""
    edges = np.flatnonzero(np.diff(np.concatenate(([True], drawn(evidence, threshold), [True]))))
    return tuple((int(start), int(end)) for start, end in edges.reshape(-1, 2))


@lru_cache(maxsize=256)
def _parts(colormap: str, evidence: str, alpha: int) -> tuple[np.ndarray, np.ndarray]:
    """The two summands of the blend: grey (256,) uint8 and colour (256, 3) uint8.

    `alpha` is the opacity in 1/255, so that grey + colour never exceeds 255.
    """
    grey = ((np.arange(256) * (255 - alpha) + 127) // 255).astype(np.uint8)
    color = ((color_table(colormap, evidence).astype(int) * alpha + 127) // 255).astype(np.uint8)
    return grey, color


def _alpha(opacity: float) -> int:
    return min(max(round(opacity * 255), 0), 255)


def _packed(rgb: np.ndarray) -> np.ndarray:
    """(…, 3) uint8 -> (…) uint32 0x00RRGGBB."""
    packed = np.zeros(rgb.shape[:-1], np.uint32)
    parts = packed.view(np.uint8).reshape(*packed.shape, 4)
    for channel, byte in enumerate(_RGB_BYTES):
        parts[..., byte] = rgb[..., channel]
    return packed


# np.take checks no bounds with mode="wrap", the quickest of its modes; every index is in range anyway.
_GREY = np.arange(256, dtype=np.uint32) * np.uint32(0x010101) | _OPAQUE
_GREY.flags.writeable = False


@lru_cache(maxsize=32)
def blend_table(colormap: str, opacity: float, threshold: float, evidence: str = "positive") -> np.ndarray:
    """Every possible pixel of slice + overlay.

    Returns
    -------
    (65536,) uint32, 0xffRRGGBB, read-only
        Indexed by (grey << 8) | heat. Below `threshold` (a fraction of the scale) it is the grey alone.
    """
    grey, color = _parts(colormap, evidence, _alpha(opacity))
    grey_part = grey.astype(np.uint32) * np.uint32(0x010101) | _OPAQUE
    table = np.add.outer(grey_part, _packed(color))
    for start, end in gaps(evidence, threshold):
        table[:, start:end] = _GREY[:, None]
    flat = table.reshape(-1)
    flat.flags.writeable = False
    return flat


def compose(
    grey: np.ndarray, heat: np.ndarray | None, table: np.ndarray | None, out: np.ndarray | None = None
) -> np.ndarray:
    """Draw a grey slice, with an overlay if there is one.

    Parameters
    ----------
    grey : (rows, cols) uint8, display values.
    heat : (rows, cols) uint8 from `heat_index`, or None.
    table : from `blend_table`; None exactly if `heat` is.
    out : (rows, cols) uint32 to write to.

    Returns
    -------
    (rows, cols) uint32, 0xffRRGGBB
    """
    if out is None:
        out = np.empty(grey.shape, np.uint32)
    if heat is None or table is None:
        np.multiply(grey, np.uint32(0x010101), out=out, dtype=np.uint32)
        return np.bitwise_or(out, _OPAQUE, out=out)
    index = grey.astype(np.intp)
    index <<= 8
    index |= heat
    return np.take(table, index, out=out, mode="wrap")


def compose_color(
    rgb: np.ndarray,
    heat: np.ndarray | None,
    colormap: str,
    opacity: float,
    threshold: float,
    evidence: str = "positive",
) -> np.ndarray:
    """Draw a colour slice, (rows, cols, 3) uint8, as `compose` draws a grey one."""
    if heat is None:
        return _packed(rgb) | _OPAQUE
    grey, color = _parts(colormap, evidence, _alpha(opacity))
    shown = drawn(evidence, threshold)
    blended = _packed(np.take(grey, rgb, mode="wrap"))
    blended += np.take(_packed(color), heat, mode="wrap")
    np.copyto(blended, _packed(rgb), where=~np.take(shown, heat, mode="wrap"))
    return np.bitwise_or(blended, _OPAQUE, out=blended)


_HEATS_KEPT = 12
_PICTURES_KEPT, _PICTURES_BYTES = 16, 24 << 20


class Composer:
    """Composes slices and remembers the parts that an overlay change does not touch.

    Keeps the last grey picture, the heat indices of the last maps (a reader goes to and fro between
    layers) and the last picture of each slice (and between slices). The array returned is overwritten by
    the next call for the same slice, or once others have taken its place.
    """

    def __init__(self) -> None:
        self._reduced_key: tuple[object, ...] = ()
        self._reduced: Slice | None = None
        self._slice_key: tuple[object, ...] = ()
        self._slice: Slice | None = None
        self._grey_key: tuple[object, ...] = ()
        self._grey = np.empty((0, 0), np.uint8)
        self._heat_key: tuple[object, ...] = ()
        self._heat = np.empty((0, 0), np.uint8)
        self._heats: dict[tuple[object, ...], np.ndarray] = {}
        self._scratch = np.empty((0, 0), np.float32)
        self._index_key: tuple[object, object] = ((), ())
        self._index = np.zeros((0, 0), np.intp)
        self._cover_key: tuple[object, ...] = ()
        self._cover: Cover | None = None
        self._pictures: dict[Slice, tuple[tuple[object, ...], np.ndarray]] = {}
        """Slice -> what its last picture shows and how, and the picture; the one shown last at the end."""

    def render(
        self,
        slice: Slice,
        *,
        window: Window | None,
        voi_lut: int | None = None,
        invert: bool = False,
        heatmap: Heatmap | None = None,
        overlay: OverlayLook | None = None,
        heat_range: tuple[float, float] = (0.0, 1.0),
        section: Section | None = None,
        graphics: bool = True,
        shutter: bool = True,
    ) -> np.ndarray:
        """(rows, cols) uint32 0xffRRGGBB: a section of the slice as the reader sees it.

        Without a `section` all of it, at its own resolution, not turned. The overlay is left out if it is
        not visible or the heatmap has no evidence of the kind asked for; the file's `graphics` and
        `shutter` if they are not wanted.
        """
        section = section or whole(*slice.values.shape[:2])
        look = (window, voi_lut, invert, heatmap, overlay, heat_range, section, graphics, shutter)
        kept = self._pictures.pop(slice, None)
        if kept is not None and kept[0] == look:
            self._pictures[slice] = kept
            return kept[1]
        self._display(slice, window, voi_lut, invert, section)
        buffer = self._buffer(kept[1] if kept is not None else None)
        picture = self._covered(
            slice,
            self._picture(heatmap, overlay, heat_range, section, buffer),
            section,
            graphics=graphics,
            shutter=shutter,
        )
        self._pictures[slice] = look, picture
        return picture

    def _covered(
        self, slice: Slice, picture: np.ndarray, section: Section, *, graphics: bool, shutter: bool
    ) -> np.ndarray:
        cover_key = (slice, section, graphics, shutter)
        if cover_key != self._cover_key:
            self._cover = cover(slice, section, graphics=graphics, shutter=shutter)
            self._cover_key = cover_key
        return picture if self._cover is None else self._cover.paint(picture)

    def _picture(
        self,
        heatmap: Heatmap | None,
        overlay: OverlayLook | None,
        heat_range: tuple[float, float],
        section: Section,
        out: np.ndarray,
    ) -> np.ndarray:
        shown = heatmap if overlay is not None and overlay.visible else None
        if shown is None or overlay is None or shown.lacks(overlay.evidence):
            if self._grey.ndim == 3:
                return compose_color(self._grey, None, "", 0, 0)
            return compose(self._grey, None, None, out=out)
        self._place(shown, heat_range, section)
        colors = map_in_force(overlay.colormap, overlay.evidence)
        look = (colors, overlay.opacity, overlay.threshold, overlay.evidence)
        if self._grey.ndim == 3:
            return compose_color(self._grey, self._heat, *look)
        self._combine()
        table = blend_table(*look)
        return np.take(table, self._index, out=out, mode="wrap")

    def _combine(self) -> None:
        """Bring (grey << 8) | heat up to date: each is one byte of an index, written where it changed."""
        if self._index.shape != self._grey.shape:
            self._index, self._index_key = np.zeros(self._grey.shape, np.intp), ((), ())
        parts = self._index.view(np.uint8).reshape(*self._grey.shape, -1)
        if self._index_key[0] != self._grey_key:
            parts[..., _GREY_BYTE] = self._grey
        if self._index_key[1] != self._heat_key:
            parts[..., _HEAT_BYTE] = self._heat
        self._index_key = (self._grey_key, self._heat_key)

    def _display(
        self, slice: Slice, window: Window | None, voi_lut: int | None, invert: bool, section: Section
    ) -> None:
        # The slice itself is the key (not its id): it stays alive as long as its picture does.
        reduced_key = (slice, section.blocks)
        if reduced_key != self._reduced_key or self._reduced is None:
            self._reduced, self._reduced_key = reduced(slice, *section.blocks), reduced_key
        slice_key = (slice, section)
        if slice_key != self._slice_key:
            size = slice.values.shape[0], slice.values.shape[1]
            self._slice, self._slice_key = cut(self._reduced, section, size), slice_key
        grey_key = (slice, section, window, voi_lut, invert)
        if grey_key == self._grey_key or self._slice is None:
            return
        if slice.is_color:
            self._grey = 255 - self._slice.values if invert else self._slice.values
        else:
            self._grey = to_grey(self._slice, window, voi_lut=voi_lut, invert=invert)
        self._grey_key = grey_key

    def _place(self, heatmap: Heatmap, heat_range: tuple[float, float], section: Section) -> None:
        heat_key = (heatmap, heat_range, section)
        if heat_key == self._heat_key:
            return
        if heat_key in self._heats:
            self._heat, self._heat_key = self._heats[heat_key], heat_key
            return
        values = section.turn.turned(picked(heatmap.values, section.rows, section.cols))
        if self._scratch.shape != values.shape:
            self._scratch = np.empty(values.shape, np.float32)
        self._heat, self._heat_key = heat_index(values, heat_range, self._scratch), heat_key
        while len(self._heats) >= _HEATS_KEPT:
            del self._heats[next(iter(self._heats))]
        self._heats[heat_key] = self._heat

    def _buffer(self, last: np.ndarray | None) -> np.ndarray:
        """What to compose to: the slice's `last` picture, else the oldest that must go, else a new one."""
        shape = self._grey.shape[:2]
        held = 4 * shape[0] * shape[1] + sum(picture.nbytes for _, picture in self._pictures.values())
        while self._pictures and (len(self._pictures) >= _PICTURES_KEPT or held > _PICTURES_BYTES):
            oldest = self._pictures.pop(next(iter(self._pictures)))[1]
            held -= oldest.nbytes
            last = oldest if last is None else last
        return last if last is not None and last.shape == shape else np.empty(shape, np.uint32)


def render(
    slice: Slice,
    *,
    window: Window | None,
    voi_lut: int | None = None,
    invert: bool = False,
    heatmap: Heatmap | None = None,
    overlay: OverlayLook | None = None,
    heat_range: tuple[float, float] = (0.0, 1.0),
    graphics: bool = True,
    shutter: bool = True,
) -> np.ndarray:
    """(rows, cols) uint32 0xffRRGGBB: the slice as the reader sees it, at its own resolution."""
    return Composer().render(
        slice,
        window=window,
        voi_lut=voi_lut,
        invert=invert,
        heatmap=heatmap,
        overlay=overlay,
        heat_range=heat_range,
        graphics=graphics,
        shutter=shutter,
    )
