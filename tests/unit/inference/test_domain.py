import numpy as np
import pytest

from tests.support.bundle_factory import make_bundle
from tests.support.slice_factory import make_series, make_slice
from viewer.inference.bundle import load_bundle
from viewer.inference.domain import body_part, problems, sequences_of, unstated

GREY = make_slice(np.zeros((4, 4), np.int16)).header
COLOUR = make_slice(np.zeros((4, 4, 3), np.uint8)).header


@pytest.fixture(scope="module")
def brain(tmp_path_factory):
    domain = {
        "modalities": ["MR"],
        "body_parts": ["BRAIN"],
        "orientations": ["axial", "coronal"],
        "sequences": ["T1"],
    }
    return load_bundle(make_bundle(tmp_path_factory.mktemp("brain"), domain=domain)).card


def series(*slices, **fields):
    plain = {"modality": "MR", "body_part": "BRAIN", "orientation": "axial"}
    return make_series(*(slices or (GREY,)), **(plain | fields))


def test_a_study_the_model_was_made_for_has_no_problem(brain):
    assert problems(brain, series()) == ()
    assert problems(brain, series(body_part="HEAD", description="T1 MPRAGE post Gd"), GREY) == ()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"modality": "CT"}, ["MR", "CT"]),
        ({"modality": ""}, ["unknown modality"]),
        ({"body_part": "KNEE"}, ["BRAIN", "EXTREMITY"]),
        ({"body_part": "", "description": "MRI knee left"}, ["EXTREMITY"]),
        ({"body_part": "TOOTH"}, ["TOOTH"]),
        ({"orientation": "sagittal"}, ["axial or coronal", "sagittal"]),
        ({"description": "ax T2 TSE"}, ["T1", "T2"]),
        ({"protocol": "ep2d_diff_b1000_ADC"}, ["DWI"]),
        ({"protocol": "t2_tirm_dark-fluid FLAIR"}, ["FLAIR"]),
        ({"notes": ("Localizer",)}, ["planning"]),
    ],
)
def test_each_way_out_of_the_domain_is_one_sentence(brain, fields, words):
    found = problems(brain, series(**fields))
    assert len(found) == 1 and found[0].endswith(".")
    assert all(word in found[0] for word in words)


def test_what_a_file_does_not_say_is_not_held_against_it(brain):
    assert problems(brain, series(body_part="", orientation="", description="Series 3")) == ()


def test_what_a_file_does_not_say_is_said(brain):
    assert unstated(brain, series(description="T1 MPRAGE post Gd")) == ()
    (sequence,) = unstated(brain, series())
    assert "does not say which MR sequence" in sequence and "T1" in sequence
    assert "body part" in unstated(brain, series(body_part="", description="T1"))[0]


def test_colour_is_outside_a_grey_models_domain(brain):
    assert "colour" in problems(brain, series(COLOUR))[0]
    assert "colour" in problems(brain, series(GREY), COLOUR)[0]
    assert problems(brain, series(COLOUR), GREY) == ()


def test_every_problem_is_named_at_once(brain):
    assert len(problems(brain, series(COLOUR, modality="US", body_part="CHEST", orientation="oblique"))) == 4


def test_a_card_without_restrictions_takes_any_grey_study(tmp_path):
    open_card = load_bundle(make_bundle(tmp_path, domain={"modalities": []})).card
    assert problems(open_card, series(modality="CR", body_part="FOOT")) == ()


@pytest.mark.parametrize(
    ("fields", "inside"),
    [
        ({"study_description": "Synthetic chest"}, True),
        ({"description": "CHEST, SYNTHETIC^PHANTOM"}, True),
        ({"study_description": "Thorax routine"}, False),
        ({"description": "photosynthetic"}, False),
        ({}, False),
    ],
)
def test_a_model_for_studies_of_a_certain_description_says_so_of_others(tmp_path, fields, inside):
    domain = {"modalities": [], "words": ["synthetic", "phantom"]}
    card = load_bundle(make_bundle(tmp_path / "m", domain=domain)).card
    found = problems(card, series(**fields))
    assert found == (
        ()
        if inside
        else ("The model is made for studies described as “synthetic” or “phantom”; this one is not.",)
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"body_part": "HEAD"}, "BRAIN"),
        ({"description": "CT THORAX W/O"}, "CHEST"),
        ({"description": "Hippocampus cor T2"}, ""),
        ({"description": "ARMS study"}, "EXTREMITY"),
        ({"description": "head and chest"}, ""),
    ],
)
def test_the_body_part_is_read_from_words_where_the_file_has_no_code(fields, expected):
    assert body_part(make_series(GREY, **fields)) == expected


def test_a_body_part_is_read_where_it_is_glued_to_the_plane(brain):
    knee = series(body_part="", description="JPEG200 Lossy Compression", protocol="t1sagknee")
    assert body_part(knee) == "EXTREMITY"
    assert "EXTREMITY" in problems(brain, knee)[0]


def test_only_mr_has_sequences():
    assert sequences_of(make_series(GREY, modality="CT", description="T2 vertebra")) == set()
