import numpy as np
import pytest

from tests.support.slice_factory import make_series, make_slice
from viewer.session.slice_places import Places, indices_in


def series(uid: str, count: int, **fields):
    values = np.zeros((2, 2), np.int16)
    headers = [make_slice(values, uid=f"{uid}.{number}").header for number in range(count)]
    return make_series(*headers, uid=uid, **fields)


def test_a_slice_is_found_in_its_series_and_named_without_a_word_of_the_file():
    first, second = series("a", 3), series("b", 2, series_number=7, description="DOE JANE")
    found = Places((first, second)).find(("b.1", 0))
    assert (found.series, found.order, found.header) == (second, (1, 1), second.slices[1])
    assert found.title == "Se 7 · Im 2 of 2"


def test_a_series_without_a_number_is_called_by_its_modality():
    assert Places([series("a", 3, series_number=None)]).find(("a.2", 0)).title == "CT · Im 3 of 3"


def test_a_slice_that_is_not_open_is_not_found():
    places = Places([series("a", 3)])
    assert places.find(("a.3", 0)) is None and places.find(("a.0", 1)) is None
    assert Places().find(("a.0", 0)) is None


def test_of_a_slice_in_two_groups_the_first_counts():
    first = series("a", 3)
    again = make_series(*reversed(first.slices), uid="a#2")
    assert Places((first, again)).find(("a.0", 0)).order == (0, 0)


@pytest.mark.parametrize(
    ("asked", "found"),
    [([], ()), ([("a.2", 0), ("a.0", 0), ("a.2", 0)], (0, 2)), ([("b.0", 0), ("a.1", 7)], ())],
)
def test_slices_of_a_series_are_numbered_in_order_and_each_once(asked, found):
    assert indices_in(series("a", 3), asked) == found
