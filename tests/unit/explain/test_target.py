"""Which label is explained when nobody names one."""

import numpy as np

from viewer.explain.target import default_target


def said(*logits):
    return np.array(logits, np.float32)


def test_the_most_probable_finding_is_explained_and_not_the_background():
    assert default_target(("a", "b", "none"), said(-2.3, -1.6, -0.4), "none") == "b"
    assert default_target(("a", "b"), said(-0.1, -2.3), "") == "a"
    assert default_target(("none",), said(-0.1), "none") == "none"


def test_logits_tell_where_probabilities_saturate():
    assert default_target(("a", "b"), said(90.0, 95.0), "") == "b"


def test_a_finding_is_not_held_against_itself():
    assert default_target(("a", "b", "none"), said(3, 2, 9), "none", "a") == "b"
    assert default_target(("a", "none"), said(3, 2), "none", "a") == "none"
    assert default_target(("a",), said(3), "", "a") == "a"
