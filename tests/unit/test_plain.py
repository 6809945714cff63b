"""Frozen values go into JSON and come back equal; anything else is refused."""

import json
from dataclasses import dataclass

import pytest

from viewer.plain import from_plain, to_json


@dataclass(frozen=True, slots=True)
class Inner:
    number: float
    name: str = ""


@dataclass(frozen=True, slots=True)
class Outer:
    inner: Inner | None
    points: tuple[tuple[float, float, float], ...]
    pair: tuple[str, int]
    on: bool
    more: tuple[Inner, ...] = ()


WHOLE = Outer(Inner(1 / 3, "ü 日本"), ((1.0, -2.5, 1e-300), (0.1, 0.2, 0.3)), ("1.2", 3), True, (Inner(2.0),))


def test_what_is_written_is_read_back_equal():
    for value in (WHOLE, Outer(None, (), ("", 0), False)):
        assert from_plain(Outer, json.loads(to_json(value))) == value


def test_a_whole_number_may_stand_for_a_fraction():
    read = from_plain(Inner, {"number": 3, "name": ""})
    assert read == Inner(3.0) and type(read.number) is float


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("inner", {"number": 1.0}),
        ("inner", {"number": 1.0, "name": "", "more": 1}),
        ("inner", [1.0, ""]),
        ("inner", {"number": float("inf"), "name": ""}),
        ("inner", {"number": float("nan"), "name": ""}),
        ("inner", {"number": True, "name": ""}),
        ("inner", {"number": "1", "name": ""}),
        ("inner", {"number": 1.0, "name": None}),
        ("points", [[1.0, 2.0]]),
        ("points", [[1.0, 2.0, 3.0, 4.0]]),
        ("points", [1.0]),
        ("points", None),
        ("points", {}),
        ("pair", ["1.2", 3.0]),
        ("pair", ["1.2", True]),
        ("on", 1),
        ("more", [None]),
    ],
)
def test_what_does_not_fit_is_refused(name, value):
    table = json.loads(to_json(WHOLE))
    assert from_plain(Outer, table) == WHOLE
    with pytest.raises(ValueError):  # noqa: PT011 - of several kinds
        from_plain(Outer, {**table, name: value})


def test_a_number_that_json_has_no_word_for_is_not_written():
    with pytest.raises(ValueError, match="JSON compliant"):
        to_json(Inner(float("nan")))
