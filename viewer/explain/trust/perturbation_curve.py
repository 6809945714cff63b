"""What a deletion or insertion gave, as numbers."""

from __future__ import annotations

from dataclasses import dataclass

LEAST_ROOM = 0.01
"""Probability between the whole image and none of it, below which a curve has no room to tell anything."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Areas under the curve, 0 to 1: in the order of the map, in random order, from the centre outwards.

    `room` is how much the probability drops from the whole image to none of it.
    """

    shown: float
    random: float
    centre: float
    room: float

    @property
    def defined(self) -> bool:
        return self.room >= LEAST_ROOM
