"""Decoded slices, kept as they are stored in the file: modality values that need more room are made again.

Stacks of float32 would cost a PET or MR reader twice the memory. Whoever asks twice for a slice that is on
the screen gets the same object, for what was drawn of it is kept by identity.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable

from viewer.results import SliceKey
from viewer.session.cache import ByteCache
from viewer.study import PackedSlice, Slice

_EXPANDED = 4
"""Slices whose modality values are kept beside the packed ones."""


class SliceStore:
    """Keeps slices within a budget; what was used longest ago goes first, what is visible stays.

    Parameters
    ----------
    budget : given the bytes held now, tells how many may be held; asked whenever a slice comes.
    """

    def __init__(self, budget: Callable[[int], int]) -> None:
        self.budget = budget
        self._kept = ByteCache[Slice | PackedSlice](budget(0), lambda one: one.nbytes)
        self._expanded: OrderedDict[SliceKey, Slice] = OrderedDict()
        self._pinned: frozenset[SliceKey] = frozenset()

    @property
    def nbytes(self) -> int:
        """Bytes of all slices, without the few that are expanded for the screen."""
        return self._kept.nbytes

    @property
    def limit(self) -> int:
        """The bytes that were allowed when a slice came last."""
        return self._kept.limit

    def get(self, key: SliceKey) -> Slice | None:
        """The slice to show, now the one used last, or None."""
        kept = self._kept.get(key)
        if not isinstance(kept, PackedSlice):
            return kept
        if key not in self._expanded:
            self._expanded[key] = kept.expand()
        self._expanded.move_to_end(key)
        self._trim()
        return self._expanded[key]

    def peek(self, key: SliceKey) -> Slice | PackedSlice | None:
        """The slice as it is kept, for work that does not show it; its age stays."""
        return self._kept.peek(key)

    def put(self, key: SliceKey, slice: Slice | PackedSlice, expanded: Slice | None = None) -> None:
        """Keep a slice; others go if there is not enough room.

        Parameters
        ----------
        expanded : of a packed one, where it was made already.
        """
        self._expanded.pop(key, None)
        self._kept.limit = self.budget(self._kept.nbytes)
        self._kept.put(key, slice)
        if expanded is not None and isinstance(slice, PackedSlice):
            self._expanded[key] = expanded
            self._trim()

    def pin(self, keys: Iterable[SliceKey]) -> None:
        """These stay, present or not; the ones pinned before may go."""
        self._pinned = frozenset(keys)
        self._kept.pin(self._pinned)

    def clear(self) -> None:
        self._kept.clear()
        self._expanded.clear()

    def __contains__(self, key: object) -> bool:
        return key in self._kept

    def __len__(self) -> int:
        return len(self._kept)

    def _trim(self) -> None:
        gone = [key for key in self._expanded if key not in self._kept]
        loose = [key for key in self._expanded if key not in self._pinned and key not in gone]
        for key in gone + loose[: max(0, len(self._expanded) - len(gone) - _EXPANDED)]:
            del self._expanded[key]
