"""Frozen values as JSON, and back: of exactly the types they had."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import types
import typing
from collections.abc import Callable
from typing import Any


def to_json(value: Any) -> str:
    """Dataclasses as objects, tuples as lists; numbers are finite."""
    return json.dumps(value, default=_as_table, allow_nan=False)


def from_plain(hint: Any, value: Any) -> Any:
    """`value` as JSON gives it -> the type that `hint` names; ValueError where it does not fit.

    Dataclasses, tuples, `None` or one other type, and what JSON knows. Every field must be there and no
    other; numbers are finite.
    """
    return _reader(hint)(value)


def _as_table(value: Any) -> dict[str, Any]:
    return {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}


@functools.cache
def _reader(hint: Any) -> Callable[[Any], Any]:
    """What reads values of a type; made once, for a mark may have thousands of points."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return _or_none(_reader(next(arg for arg in args if arg is not type(None))))
    if origin is tuple:
        return _list_of(_reader(args[0])) if args[1:] == (Ellipsis,) else _row([_reader(arg) for arg in args])
    if dataclasses.is_dataclass(hint):
        return _object(hint)
    return _number if hint is float else _leaf(hint)


def _or_none(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else read(value)


def _list_of(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def read_all(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise ValueError("not a list")
        return tuple([read(item) for item in value])

    return read_all


def _row(readers: list[Callable[[Any], Any]]) -> Callable[[Any], Any]:
    def read_row(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise ValueError("not a list")
        return tuple([read(item) for read, item in zip(readers, value, strict=True)])

    return read_row


def _object(kind: Any) -> Callable[[Any], Any]:
    hints = typing.get_type_hints(kind)
    readers = {one.name: _reader(hints[one.name]) for one in dataclasses.fields(kind)}

    def read_object(value: Any) -> Any:
        if not isinstance(value, dict) or readers.keys() != value.keys():
            raise ValueError("other fields")
        return kind(**{name: read(value[name]) for name, read in readers.items()})

    return read_object


def _number(value: Any) -> float:
    if type(value) is int:
        value = float(value)
    if type(value) is not float or not math.isfinite(value):
        raise ValueError("not a number")
    return value


def _leaf(kind: Any) -> Callable[[Any], Any]:
    def read_leaf(value: Any) -> Any:
        if type(value) is not kind:
            raise ValueError(f"not {kind}")
        return value

    return read_leaf
