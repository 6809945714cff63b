"""Where a slice lies in the viewport: slice pixels <-> screen, with the pixels' true aspect."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Placement:
    """screen = slice × scale + offset, in logical pixels; slice pixel i covers [i, i + 1)."""

    scale_x: float
    scale_y: float
    left: float
    top: float

    def to_screen(self, x: float, y: float) -> tuple[float, float]:
        """Slice point (column, row) -> screen point."""
        return x * self.scale_x + self.left, y * self.scale_y + self.top

    def to_slice(self, x: float, y: float) -> tuple[float, float]:
        """Screen point -> slice point (column, row)."""
        return (x - self.left) / self.scale_x, (y - self.top) / self.scale_y


def place(
    width: float,
    height: float,
    *,
    rows: int,
    cols: int,
    aspect: float,
    zoom: float = 1.0,
    pan: tuple[float, float] | None = None,
) -> Placement:
    """Place a slice in a viewport of (width, height).

    Parameters
    ----------
    aspect : height of a slice pixel divided by its width.
    zoom : 1 fits the whole slice.
    pan : the slice point (x, y) at the viewport's centre; None for the slice's own centre.
    """
    scale_x = max(min(width / cols, height / (rows * aspect)) * zoom, 1e-6)
    scale_y = scale_x * aspect
    x, y = pan if pan is not None else (cols / 2, rows / 2)
    return Placement(scale_x, scale_y, width / 2 - x * scale_x, height / 2 - y * scale_y)
