"""What is known of the maps' trustworthiness, found again by the map it is about."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from viewer.explain.trust.verdict import COSTLY, TrustLine, of_constant
from viewer.results import MapKey, SliceKey
from viewer.study import Box

KEPT = 1000
"""Maps whose lines are kept; the ones looked at longest ago go first."""

_ORDER = (
    "weights",
    "body",
    "border",
    "text",
    "layers",
    "methods",
    *COSTLY,
)


@dataclass(eq=False)
class _Known:
    lines: dict[str, TrustLine] = field(default_factory=dict)
    constant: bool = False
    region: Box | None = None
    region_lines: tuple[TrustLine, ...] = ()
    shown: tuple[Box | None, tuple[TrustLine, ...]] | None = None


class TrustKept:
    """Lives on the GUI thread."""

    def __init__(self) -> None:
        self._maps: OrderedDict[MapKey, _Known] = OrderedDict()

    def put(self, key: MapKey, lines: Sequence[TrustLine], *, constant: bool = False) -> None:
        """Lines about a map; `constant`: its network says the same to everything."""
        known = self._of(key)
        known.lines.update((line.id, line) for line in lines)
        known.constant = known.constant or constant
        known.shown = None

    def put_region(self, key: MapKey, region: Box, lines: Sequence[TrustLine]) -> None:
        """How a map agrees with a region: of each map the newest region alone is kept."""
        known = self._of(key)
        known.region, known.region_lines, known.shown = region, tuple(lines), None

    def lines(self, key: MapKey, region: Box | None = None) -> tuple[TrustLine, ...]:
        """All that is known, in the order to show it; the same objects until more is known."""
        known = self._maps.get(key)
        if known is None:
            return ()
        if known.shown is None or known.shown[0] != region:
            ordered = [known.lines[id] for id in _ORDER if id in known.lines]
            ordered += known.region_lines if region is not None and region == known.region else ()
            known.shown = (region, of_constant(ordered) if known.constant else tuple(ordered))
        return known.shown[1]

    def lacks(self, key: MapKey, ids: Collection[str]) -> bool:
        """Whether any of these lines is not there."""
        known = self._maps.get(key)
        return known is None or not known.lines.keys() >= set(ids)

    def lacks_region(self, key: MapKey, region: Box) -> bool:
        known = self._maps.get(key)
        return known is None or known.region != region

    def checked(self, key: MapKey) -> bool:
        """Whether the costly lines are there."""
        return not self.lacks(key, COSTLY)

    def part(self, slices: Collection[SliceKey]) -> TrustKept:
        """A copy of what is known of the maps of some slices, for work on another thread."""
        copy = TrustKept()
        for (key, layer), known in self._maps.items():
            if key.slice in slices:
                copy._maps[key, layer] = replace(known, lines=dict(known.lines), shown=None)
        return copy

    def clear(self) -> None:
        self._maps.clear()

    def _of(self, key: MapKey) -> _Known:
        known = self._maps.setdefault(key, _Known())
        self._maps.move_to_end(key)
        while len(self._maps) > KEPT:
            self._maps.popitem(last=False)
        return known


def unread(
    lines: Sequence[TrustLine], opened: Collection[str], looked: Collection[tuple[MapKey, str]], key: MapKey
) -> tuple[TrustLine, ...]:
    """The amber and red lines not looked at: neither open now, nor before for this map."""
    return tuple(
        line for line in lines if line.warns and line.id not in opened and (key, line.id) not in looked
    )
