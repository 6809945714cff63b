"""Quarter turns and mirroring: of a picture, of points on it, and of directions in the patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from viewer.study import Vector

Matrix = tuple[tuple[int, int], tuple[int, int]]

_WORDS = ("", "rotated 90° right", "rotated 180°", "rotated 90° left")


@dataclass(frozen=True, slots=True)
class Turn:
    """How a slice stands on the screen: first mirrored left to right (`flipped`), then turned clockwise.

    The eight values are all the ways in which a picture can lie on its sides.

    Parameters
    ----------
    quarter_turns : 0 … 3, clockwise as the reader sees it.
    flipped : the columns run the other way, before the turn.
    """

    quarter_turns: int = 0
    flipped: bool = False

    def rotated(self, quarters: int) -> Turn:
        """What is on the screen, turned clockwise by `quarters`."""
        return Turn((self.quarter_turns + quarters) % 4, self.flipped)

    def mirrored(self, *, vertically: bool = False) -> Turn:
        """What is on the screen, mirrored left to right, or top to bottom."""
        # Mirroring what was turned clockwise is turning what was mirrored the other way round.
        return Turn(((2 if vertically else 0) - self.quarter_turns) % 4, not self.flipped)

    @property
    def sideways(self) -> bool:
        """Whether the slice's rows run up and down the screen."""
        return self.quarter_turns % 2 == 1

    @property
    def words(self) -> str:
        """ "MIRRORED, rotated 90° right"; empty where the slice stands as it was stored."""
        turned = _WORDS[self.quarter_turns % 4]
        return ", ".join(word for word in ("MIRRORED" if self.flipped else "", turned) if word)

    @property
    def matrix(self) -> Matrix:
        """Slice (x, y) -> screen (x, y), both y down: screen = matrix · slice. Its transpose goes back."""
        cosine, sine = ((1, 0), (0, 1), (-1, 0), (0, -1))[self.quarter_turns % 4]
        side = -1 if self.flipped else 1
        return (cosine * side, -sine), (sine * side, cosine)

    def turned(self, pixels: np.ndarray) -> np.ndarray:
        """(rows, cols, …) as it lies in the slice -> the same as the reader sees it: a view."""
        if not (self.flipped or self.quarter_turns):
            return pixels
        flipped = pixels[:, ::-1] if self.flipped else pixels
        return np.rot90(flipped, -self.quarter_turns)

    def directions(self, row: Vector, col: Vector) -> tuple[Vector, Vector]:
        """Row and column direction of the slice -> what lies to the right and down on the screen.

        Unit vectors in the patient, LPS (PS3.3 C.7.6.2.1.1), as `study.Geometry` has them.
        """
        right, down = np.array(self.matrix) @ np.array([row, col], float)
        return tuple(right.tolist()), tuple(down.tolist())
