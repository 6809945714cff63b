"""One table of a model card, read field by field: every type and bound is checked, every refusal named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from viewer.errors import ModelError

MAX_TEXT = 20_000

_REQUIRED: Any = object()


class Section:
    """One table of the card; ModelError names the field that is missing, of a wrong type or out of bounds."""

    def __init__(self, name: str, table: Mapping[str, Any]) -> None:
        self.name = name
        self.table = table

    def refuse(self, key: str, problem: str) -> NoReturn:
        where = f"{self.name}.{key}" if self.name else key
        raise ModelError(f"In the model card, '{where}' {problem}.", remedy="Correct card.toml.")

    def only(self, *known: str) -> None:
        """Refuse unknown fields where a misspelt one would change what the network sees."""
        for key in self.table:
            if key not in known:
                self.refuse(key, "is not a known field")

    def _get(self, key: str, default: Any) -> Any:
        if key in self.table:
            return self.table[key]
        if default is _REQUIRED:
            self.refuse(key, "is missing")
        return default

    def text(self, key: str, default: str = _REQUIRED) -> str:
        value = self._get(key, default)
        if not isinstance(value, str) or len(value) > MAX_TEXT:
            self.refuse(key, "must be text")
        if default is _REQUIRED and not value.strip():
            self.refuse(key, "must not be empty")
        return value.strip()

    def texts(self, key: str) -> tuple[str, ...]:
        value = self._get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
            self.refuse(key, "must be a list of texts")
        return tuple(item.strip() for item in value)

    def choice(self, key: str, choices: tuple[str, ...], default: str = _REQUIRED) -> str:
        value = self.text(key, default)
        if value not in choices:
            self.refuse(key, f"must be one of: {', '.join(choices)}")
        return value

    def flag(self, key: str, default: bool) -> bool:
        value = self._get(key, default)
        if not isinstance(value, bool):
            self.refuse(key, "must be true or false")
        return value

    def integer(self, key: str, low: int, high: int, default: int = _REQUIRED) -> int:
        value = self._get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            self.refuse(key, f"must be a whole number from {low} to {high}")
        return value

    def number(self, key: str, default: float = _REQUIRED, *, above: float = -1e12) -> float:
        value = self._get(key, default)
        if not _is_number(value) or not above < value < 1e12:
            self.refuse(key, "must be a number" + (f" above {above:g}" if above > -1e12 else ""))
        return float(value)

    def optional_number(self, key: str, *, above: float) -> float | None:
        """The number of a field that may be absent; None where it is."""
        return self.number(key, above=above) if key in self.table else None

    def numbers(self, key: str, default: tuple[float, ...] = _REQUIRED) -> tuple[float, ...]:
        value = self._get(key, default)
        if not isinstance(value, (list, tuple)) or not all(_is_number(v) and abs(v) < 1e12 for v in value):
            self.refuse(key, "must be a list of numbers")
        return tuple(float(item) for item in value)

    def section(self, key: str, *, required: bool = True) -> Section:
        value = self._get(key, _REQUIRED if required else {})
        if not isinstance(value, dict):
            self.refuse(key, "must be a section")
        return Section(f"{self.name}.{key}" if self.name else key, value)

    def items(self, key: str) -> Iterator[Section]:
        value = self._get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.refuse(key, "must be a list of sections")
        return (Section(f"{self.name}.{key}[{i}]", item) for i, item in enumerate(value))


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
