"""A cache bounded in bytes: what was used longest ago goes first, what is visible stays."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Generic, TypeVar

Value = TypeVar("Value")


class ByteCache(Generic[Value]):
    """Least recently used first out, except pinned keys.

    Parameters
    ----------
    limit : bytes; pinned entries may exceed it, for what is visible must be kept.
    size : bytes of one value.
    """

    def __init__(self, limit: int, size: Callable[[Value], int]) -> None:
        self.limit = limit
        self._size = size
        self._entries: OrderedDict[Hashable, Value] = OrderedDict()
        self._sizes: dict[Hashable, int] = {}
        self._pinned: frozenset[Hashable] = frozenset()
        self.nbytes = 0

    def get(self, key: Hashable) -> Value | None:
        """The value, now the one used last, or None."""
        value = self._entries.get(key)
        if value is not None:
            self._entries.move_to_end(key)
        return value

    def peek(self, key: Hashable) -> Value | None:
        """The value or None; its age stays."""
        return self._entries.get(key)

    def put(self, key: Hashable, value: Value) -> None:
        """Keep `value`; others go if there is not enough room."""
        self.drop(key)
        self._entries[key] = value
        self._sizes[key] = self._size(value)
        self.nbytes += self._sizes[key]
        self._shrink(newest=key)

    def pin(self, keys: Iterable[Hashable]) -> None:
        """These keys stay, present or not; the ones pinned before may go."""
        self._pinned = frozenset(keys)
        self._shrink()

    def drop(self, key: Hashable) -> None:
        if key in self._entries:
            del self._entries[key]
            self.nbytes -= self._sizes.pop(key)

    def clear(self) -> None:
        self._entries.clear()
        self._sizes.clear()
        self.nbytes = 0

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Hashable]:
        return iter(tuple(self._entries))

    def _shrink(self, newest: Hashable = None) -> None:
        for key in tuple(self._entries):
            if self.nbytes <= self.limit:
                return
            if key not in self._pinned and key != newest:
                self.drop(key)
