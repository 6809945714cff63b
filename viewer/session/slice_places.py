"""Where slices stand among the open series: from an instance to its series and number."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

from viewer.results import SliceKey
from viewer.study import Series, SliceHeader


@dataclass(frozen=True, eq=False, slots=True)
class Place:
    """A slice and where it stands: `rank` of its series in the tree, 0-based `index` in the series."""

    series: Series
    rank: int
    index: int

    @property
    def order(self) -> tuple[int, int]:
        return self.rank, self.index

    @property
    def header(self) -> SliceHeader:
        return self.series.slices[self.index]

    @property
    def title(self) -> str:
        """ "Se 3 · Im 41 of 128": no word that a file holds, for people type names into descriptions."""
        number = self.series.series_number
        name = f"Se {number}" if number is not None else self.series.modality
        return f"{name} · Im {self.index + 1} of {len(self.series.slices)}"


class Places:
    """All slices of some series, in tree order; the table is made when it is first asked."""

    def __init__(self, series: Sequence[Series] = ()) -> None:
        self.series = tuple(series)
        self._table: dict[SliceKey, tuple[int, int]] | None = None

    def find(self, instance: SliceKey) -> Place | None:
        """Where a slice stands; None if it is not among the open ones."""
        if self._table is None:
            # From the back, so that of a slice in two groups the first one counts.
            self._table = {
                header.key: (rank, index)
                for rank in range(len(self.series) - 1, -1, -1)
                for index, header in enumerate(self.series[rank].slices)
            }
        found = self._table.get(instance)
        return None if found is None else Place(self.series[found[0]], *found)


def indices_in(series: Series, instances: Collection[SliceKey]) -> tuple[int, ...]:
    """Which slices of a series are among `instances`: 0-based, in order, each once."""
    if not instances:
        return ()
    table = _numbers(series)
    return tuple(sorted({table[instance] for instance in instances if instance in table}))


@lru_cache(maxsize=16)
def _numbers(series: Series) -> dict[SliceKey, int]:
    return {header.key: index for index, header in enumerate(series.slices)}
