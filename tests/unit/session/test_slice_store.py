"""The store of slices: bounded, never a float32 stack, and the same object for what is on the screen."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support import dicom_factory
from tests.support.slice_factory import make_slice
from viewer.dicom.pixels import load_packed, load_slice
from viewer.dicom.scan import scan
from viewer.session.slice_store import SliceStore
from viewer.study import PackedSlice


def packed(number: int = 0) -> PackedSlice:
    """200 bytes as stored, 400 as modality values."""
    stored = np.arange(100, dtype=np.int16).reshape(10, 10) + number
    return PackedSlice(make_slice(stored), lambda values: values * np.float32(0.5))


@pytest.fixture
def store():
    return SliceStore(lambda held: 1000)


def test_a_slice_that_needs_no_more_room_is_kept_as_it_is(store):
    one = make_slice(np.zeros((10, 10), np.int16))
    store.put(("a", 0), one)
    assert store.get(("a", 0)) is one and store.nbytes == 200
    assert store.get(("b", 0)) is None


def test_a_packed_slice_is_counted_as_stored_and_shown_with_its_values(store):
    for number in range(5):
        store.put(("a", number), packed(number))
    assert store.nbytes == 1000 and len(store) == 5
    shown = store.get(("a", 3))
    assert shown.values.dtype == np.float32 and shown.values[0, 1] == 2.0
    assert not shown.values.flags.writeable
    store.put(("a", 5), packed())
    assert ("a", 0) not in store and store.nbytes == 1000


def test_the_slice_on_the_screen_stays_the_same_object_whatever_else_is_looked_at(store):
    keys = [("a", number) for number in range(5)]
    for key in keys:
        store.put(key, packed())
    store.pin([keys[0]])
    shown = store.get(keys[0])
    for key in keys * 3:
        store.get(key)
    assert store.get(keys[0]) is shown
    for number in range(50):
        store.put(("b", number), packed())
    assert store.get(keys[0]) is shown


def test_only_a_few_slices_are_expanded_at_a_time():
    store = SliceStore(lambda held: 1 << 20)
    for number in range(40):
        store.put(("a", number), packed())
        store.get(("a", number))
    assert len(store._expanded) <= 4
    store.clear()
    assert not store._expanded and store.nbytes == 0


def test_what_was_expanded_when_it_was_decoded_is_not_expanded_again(store):
    one = packed()
    shown = one.expand()
    store.put(("a", 0), one, shown)
    assert store.get(("a", 0)) is shown


def test_a_look_that_shows_nothing_expands_nothing_and_keeps_nothing_young(store):
    for number in range(5):
        store.put(("a", number), packed())
    assert isinstance(store.peek(("a", 0)), PackedSlice)
    assert not store._expanded
    store.put(("a", 5), packed())
    assert ("a", 0) not in store


def test_a_budget_that_falls_shrinks_what_is_kept_but_never_the_slice_on_the_screen():
    allowed = [1000]
    store = SliceStore(lambda held: allowed[0])
    for number in range(5):
        store.put(("a", number), packed())
    store.pin([("a", 0)])
    allowed[0] = 300
    store.put(("a", 5), packed())
    assert ("a", 0) in store and ("a", 5) in store and len(store) == 2


FRACTIONAL = {
    "PET": {
        "modality": "PT",
        "RescaleSlope": 1.30103,
        "RescaleIntercept": 0,
    },
    "MR of Philips": {"modality": "MR", "RescaleSlope": 2.3567766, "RescaleIntercept": -7.5},
    "too wide for 16 bits": {"modality": "CT", "RescaleSlope": 3, "RescaleIntercept": -1024},
}


@pytest.mark.parametrize("attributes", FRACTIONAL.values(), ids=FRACTIONAL)
def test_packed_slices_give_bit_for_bit_what_was_decoded_in_half_the_memory(tmp_path, attributes):
    pixels = np.random.default_rng(3).integers(-30_000, 30_000, (64, 48)).astype(np.int16)
    dicom_factory.write(dicom_factory.image(pixels, **attributes), tmp_path / "one.dcm")
    header = scan(tmp_path).series[0].slices[0]
    shown, kept = load_packed(header)
    assert kept is not None and kept.nbytes == pixels.nbytes == shown.values.nbytes // 2
    again = kept.expand()
    assert again.values.dtype == shown.values.dtype
    assert again.values.tobytes() == shown.values.tobytes() == load_slice(header).values.tobytes()
    assert replace(again, values=shown.values).header is shown.header


def test_values_that_are_whole_as_they_are_stored_are_not_kept_twice(tmp_path):
    dicom_factory.write(dicom_factory.image(modality="CT", RescaleIntercept=-1024), tmp_path / "one.dcm")
    assert load_packed(scan(tmp_path).series[0].slices[0])[1] is None
