"""The cache: bounded in bytes, oldest use out first, what is visible stays."""

import numpy as np
import pytest

from viewer.session.cache import ByteCache


@pytest.fixture
def cache():
    return ByteCache(100, lambda value: value.nbytes)


def block(size):
    return np.zeros(size, np.uint8)


def test_a_cache_never_holds_more_than_its_limit(cache):
    for key in range(50):
        cache.put(key, block(30))
        assert cache.nbytes <= 100
    assert list(cache) == [47, 48, 49]


def test_what_was_used_longest_ago_goes_first(cache):
    for key in "abc":
        cache.put(key, block(30))
    assert cache.get("a") is not None
    cache.put("d", block(30))
    assert list(cache) == ["c", "a", "d"]


def test_what_is_pinned_stays_and_may_go_once_it_is_not(cache):
    cache.put("seen", block(60))
    cache.pin(["seen"])
    for key in range(5):
        cache.put(key, block(60))
        assert "seen" in cache
    assert cache.nbytes == 120
    cache.pin([])
    assert "seen" not in cache
    assert cache.nbytes == 60


def test_a_value_larger_than_the_limit_is_still_handed_out_once(cache):
    cache.put("large", block(500))
    assert cache.get("large") is not None
    cache.put("small", block(1))
    assert list(cache) == ["small"]


def test_replacing_a_value_counts_it_once(cache):
    cache.put("a", block(30))
    cache.put("a", block(50))
    assert cache.nbytes == 50
    cache.drop("a")
    cache.drop("a")
    assert cache.nbytes == 0 and len(cache) == 0
