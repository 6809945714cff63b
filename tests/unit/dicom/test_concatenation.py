"""Multi-frame images: stored in parts, and frames that their functional groups tell apart."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.dicom_factory import enhanced, image, item, uid, write
from viewer.dicom.grouping import group
from viewer.dicom.instance import read_planes
from viewer.study import Source


@pytest.fixture
def grouped(tmp_path):
    def run(datasets):
        planes = []
        for index, dataset in enumerate(datasets):
            dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = uid("part", index)
            planes += read_planes(Source(write(dataset, tmp_path / f"{index:03d}")))
        return group(planes)

    return run


def parts(sizes=(3, 2, 1), *, positions=True, total=True, offsets=True):
    """The parts of one image of sum(sizes) frames; frame n lies at z = n."""
    found, first = [], 0
    for number, count in enumerate(sizes, 1):
        places = [(0, 0, float(first + n)) for n in range(count)]
        part = enhanced(
            np.zeros((count, 8, 8), "i2"), places,
            instance=7, ConcatenationUID=uid("whole"), InConcatenationNumber=number,
            InConcatenationTotalNumber=len(sizes) if total else None,
            ConcatenationFrameOffsetNumber=first if offsets else None,
        )  # fmt: skip
        if not positions:
            for frame in part.PerFrameFunctionalGroupsSequence:
                del frame.PlanePositionSequence
        found.append(part)
        first += count
    return found


@pytest.mark.parametrize("arrival", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_the_parts_of_a_whole_are_one_group_although_one_holds_a_single_frame(grouped, arrival):
    whole = parts()
    (series,) = grouped([whole[i] for i in arrival])
    assert [h.geometry.position[2] for h in series.slices] == [5, 4, 3, 2, 1, 0]
    assert series.notes == () and series.warnings == ()


@pytest.mark.parametrize("offsets", [True, False])
def test_without_positions_frames_come_in_the_order_of_the_whole(grouped, offsets):
    whole = parts(positions=False, offsets=offsets)
    (series,) = grouped([whole[2], whole[0], whole[1]])
    keys = [(uid("part", 1), n) for n in range(3)] + [(uid("part", 2), n) for n in range(2)]
    assert [h.key for h in series.slices] == [*keys, (uid("part", 0), 0)]


@pytest.mark.parametrize(
    ("kept", "total", "said"),
    [
        ((0, 2), True, "part 2 of 3 missing"),
        ((0, 2), False, "part 2 of 3 missing"),
        ((1,), True, "parts 1, 3 of 3 missing"),
    ],
)
def test_a_part_that_is_missing_is_said(grouped, kept, total, said):
    whole = parts(total=total)
    (series,) = grouped([whole[i] for i in kept])
    assert said in series.notes


def test_parts_that_leave_frames_out_are_said(grouped):
    whole = parts()
    whole[1].ConcatenationFrameOffsetNumber = 4
    (series,) = grouped(whole)
    assert "parts do not fit together: frames missing" in series.notes


def framed(count, **macros):
    """An enhanced MR whose frame n lies at z = n % 3, with functional groups from functions of n."""
    dataset = enhanced(np.zeros((count, 8, 8), "i2"), [(0, 0, n % 3) for n in range(count)])
    for n, frame in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        for keyword, made in macros.items():
            setattr(frame, keyword, made(n))
    return dataset


@pytest.mark.parametrize(
    ("macros", "said"),
    [
        ({"MREchoSequence": lambda n: item(EffectiveEchoTime=20.0 + 60 * (n // 3))}, "echo time 80"),
        ({"MRDiffusionSequence": lambda n: item(DiffusionBValue=500.0 * (n // 3))}, "b-value 500"),
        (
            {"MRDiffusionSequence": lambda n: item(
                DiffusionBValue=500.0, DiffusionDirectionality=("DIRECTIONAL", "ISOTROPIC")[n // 3]
            )},
            "diffusion direction isotropic",
        ),
        ({"FrameContentSequence": lambda n: item(TemporalPositionIndex=1 + n // 3)}, "temporal position 2"),
        ({"FrameContentSequence": lambda n: item(StackID=str(1 + n // 3))}, "stack 2"),
        (
            {"CardiacSynchronizationSequence":
                lambda n: item(NominalPercentageOfCardiacPhase=40.0 * (n // 3))},
            "cardiac phase 40",
        ),
        (
            {"RespiratorySynchronizationSequence":
                lambda n: item(NominalPercentageOfRespiratoryPhase=50.0 * (n // 3))},
            "respiratory phase 50",
        ),
        (
            {"MRImageFrameTypeSequence": lambda n: item(
                FrameType=["ORIGINAL", "PRIMARY", "X", "NONE"],
                ComplexImageComponent=("MAGNITUDE", "PHASE")[n // 3],
            )},
            "component PHASE",
        ),
        (
            {"MRImageFrameTypeSequence": lambda n: item(
                FrameType=["DERIVED", "PRIMARY", "DIFFUSION", ("NONE", "ADC")[n // 3]]
            )},
            "image type DIFFUSION ADC",
        ),
        ({"CTReconstructionSequence": lambda n: item(ConvolutionKernel=f"K{n // 3}")}, "kernel K1"),
    ],
)  # fmt: skip
def test_frames_are_split_by_their_functional_groups(grouped, macros, said):
    series = grouped([framed(6, **macros)])
    assert [len(one.slices) for one in series] == [3, 3]
    assert said in series[1].notes
    for one in series:
        assert [h.geometry.position[2] for h in one.slices] == [2, 1, 0]


def test_two_stacks_are_two_groups_although_they_lie_apart(grouped):
    dataset = framed(6, FrameContentSequence=lambda n: item(StackID=str(1 + n // 3)))
    for n, frame in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        frame.PlanePositionSequence[0].ImagePositionPatient = [0, 0, n + 50 * (n // 3)]
    assert [len(one.slices) for one in grouped([dataset])] == [3, 3]


def test_dimension_indices_break_ties_between_frames_at_one_place(grouped):
    order = [2, 0, 3, 1]
    dataset = enhanced(np.zeros((4, 8, 8), "i2"), [(0, 0, 0)] * 4)
    for frame, index in zip(dataset.PerFrameFunctionalGroupsSequence, order, strict=True):
        frame.FrameContentSequence = item(DimensionIndexValues=[1, index + 1])
    (series,) = grouped([dataset])
    assert [order[h.frame] for h in series.slices] == [0, 1, 2, 3]


def nuclear(frames, **vectors):
    return image(
        np.zeros((frames, 8, 8), "u2"), frames=True, modality="NM", position=None, orientation=None, **vectors
    )


def test_a_gated_tomographic_study_is_a_stack_a_gate(grouped):
    gated = nuclear(
        6, SliceVector=[1, 2, 3] * 2, TimeSlotVector=[1, 1, 1, 2, 2, 2], SpacingBetweenSlices=4.0,
        DetectorInformationSequence=item(
            ImagePositionPatient=[0, 0, 0], ImageOrientationPatient=[1, 0, 0, 0, 1, 0]
        ),
    )  # fmt: skip
    series = grouped([gated])
    assert [len(one.slices) for one in series] == [3, 3]
    assert [one.notes for one in series] == [("cardiac phase 1",), ("cardiac phase 2",)]


def test_each_head_of_a_gamma_camera_has_its_own_letters(grouped):
    """The view from behind shows the patient's left on the left."""
    heads = nuclear(2, DetectorVector=[1, 2])
    heads.DetectorInformationSequence = item(ImageOrientationPatient=[1, 0, 0, 0, 0, -1])
    heads.DetectorInformationSequence.append(item(ImageOrientationPatient=[-1, 0, 0, 0, 0, -1])[0])
    front, back = grouped([heads])
    assert [h.geometry.row_direction[0] for h in (*front.slices, *back.slices)] == [1, -1]
