"""What is scrolled together and what is not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from pydicom.dataset import FileDataset

from tests.support.dicom_factory import enhanced, gradient, image, item, palette_image, uid, write
from viewer.dicom.grouping import RULES, Numbering, group
from viewer.dicom.instance import read_planes
from viewer.dicom.plane import VARIANTS, Plane
from viewer.study import Series, Source


@pytest.fixture
def grouped(tmp_path):
    """A function from datasets to series, and the planes on the way in `.planes`."""

    def run(datasets: Sequence[FileDataset]) -> tuple[Series, ...]:
        run.planes = planes_of(datasets, tmp_path)
        return group(run.planes)

    return run


def planes_of(datasets: Sequence[FileDataset], folder) -> list[Plane]:
    found: list[Plane] = []
    for index, dataset in enumerate(datasets):
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = uid(index)
        found += read_planes(Source(write(dataset, folder / f"{index:03d}")))
    return found


def stack(count: int = 3, start: int = 0, **attributes) -> list[FileDataset]:
    return [
        image(position=(0, 0, 2.0 * z), instance=z + 1, **attributes) for z in range(start, start + count)
    ]


def sizes(series: Sequence[Series]) -> list[int]:
    return [len(one.slices) for one in series]


def test_slices_of_one_stack_stay_together(grouped):
    (series,) = grouped(stack(5))
    assert [h.geometry.position[2] for h in series.slices] == [8, 6, 4, 2, 0]
    assert series.orientation == "axial" and series.notes == ()
    assert series.uid == series.series_instance_uid


def test_a_series_has_the_frame_of_reference_that_all_its_slices_have(grouped):
    same = stack(3, FrameOfReferenceUID="1.2.9")
    assert [one.frame_of_reference for one in grouped(same)] == ["1.2.9"]
    assert [one.frame_of_reference for one in grouped(stack(3))] == [""]
    same[1].FrameOfReferenceUID = "1.2.8"
    assert [one.frame_of_reference for one in grouped(same)] == [""]


def test_a_scout_is_split_off_by_its_image_type(grouped):
    scout = image(position=(0, 0, 99), ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    series = grouped([scout, *stack()])
    assert sizes(series) == [1, 3]
    assert "localizer" in series[0].notes and "localizer" not in series[1].notes


@pytest.mark.parametrize("other", ["coronal", "sagittal", "oblique"])
def test_another_orientation_is_split_off(grouped, other):
    series = grouped([*stack(), *[image(orientation=other, position=(0, i, i)) for i in range(2)]])
    assert sorted(sizes(series)) == [2, 3]
    assert {one.orientation for one in series} == {"axial", "axial" if other == "oblique" else other}


def test_another_image_size_is_split_off(grouped):
    assert sizes(grouped([*stack(), image(gradient(8, 8), position=(0, 0, 50))])) == [3, 1]


def test_colour_is_split_off(grouped):
    rgb = image(np.zeros((16, 12, 3), "u1"), modality="CT", position=(0, 0, 50))
    palette = palette_image(
        np.zeros((16, 12), "u1"), np.zeros((4, 3), "u1"), modality="CT", position=(0, 0, 60)
    )
    assert sizes(grouped([*stack(), rgb, palette])) == [3, 2]


def test_slices_without_position_are_split_off_and_said(grouped):
    series = grouped([*stack(), *[image(position=None, instance=9 - i) for i in range(2)]])
    assert sizes(series) == [3, 2]
    assert [h.instance_number for h in series[1].slices] == [8, 9]
    assert any("no positions" in note for note in series[1].notes)


def test_every_multi_frame_object_is_a_group_of_its_own(grouped):
    clips = [image(np.zeros((4, 8, 8), "u1"), frames=True, modality="US", position=None) for _ in range(2)]
    series = grouped([*clips, image(gradient(8, 8), modality="US", position=None)])
    assert sizes(series) == [4, 4, 1]
    assert [h.frame for h in series[0].slices] == [0, 1, 2, 3]


def test_the_parts_of_a_concatenation_are_one_group(grouped):
    parts = [
        enhanced(np.zeros((2, 8, 8), "i2"), [(0, 0, z), (0, 0, z + 1)], ConcatenationUID=uid("all"))
        for z in (0, 2)
    ]
    (series,) = grouped(parts)
    assert [h.geometry.position[2] for h in series.slices] == [3, 2, 1, 0]


@pytest.mark.parametrize(
    ("keyword", "values", "said"),
    [
        ("EchoTime", (20, 80), "echo time 80"),
        ("InversionTime", (120, 2000), "inversion time 2000"),
        ("FlipAngle", (5, 26), "flip angle 26"),
        ("DiffusionGradientOrientation", ([1.0, 0, 0], [0.0, 1, 0]), "diffusion direction 0.00 1.00 0.00"),
        ("ComplexImageComponent", ("MAGNITUDE", "PHASE"), "component PHASE"),
        ("FrameReferenceTime", (0, 60000), "frame time 60000"),
        ("DiffusionBValue", (0.0, 1000.0), "b-value 1000"),
        ("TemporalPositionIdentifier", (1, 2), "temporal position 2"),
        ("TriggerTime", (0, 40), "trigger time 40"),
        ("AcquisitionNumber", (1, 2), "acquisition 2"),
        ("ConvolutionKernel", ("B30f", "B70f"), "kernel B70f"),
        ("ImageType", (["ORIGINAL", "PRIMARY", "M"], ["ORIGINAL", "PRIMARY", "P"]), "image type P"),
        (
            "ImageType",
            (["ORIGINAL", "PRIMARY", "A"], ["DERIVED", "SECONDARY", "A"]),
            "origin derived secondary",
        ),
    ],
)
def test_what_lies_at_the_same_places_is_split_by_what_makes_it_differ(grouped, keyword, values, said):
    series = grouped([*stack(4, **{keyword: values[0]}), *stack(4, **{keyword: values[1]})])
    assert sizes(series) == [4, 4]
    assert any(said in note for note in series[1].notes), series[1].notes


def test_two_kernels_are_never_mixed_even_at_places_of_their_own(grouped):
    series = grouped([*stack(4, ConvolutionKernel="B30f"), *stack(3, 10, ConvolutionKernel="B70f")])
    assert sizes(series) == [4, 3]
    assert [one.notes for one in series] == [("kernel B30f",), ("kernel B70f",)]


def test_one_echo_time_written_in_two_ways_is_one_echo(grouped):
    assert sizes(grouped([*stack(3, EchoTime="20"), *stack(3, 3, EchoTime="20.000")])) == [6]
    series = grouped([*stack(3, EchoTime="20"), *stack(3, EchoTime="20.0")])
    assert not any("echo" in note for one in series for note in one.notes)


def test_a_scan_that_runs_past_midnight_stays_in_the_order_of_time(grouped):
    times = [("20260112", "235958"), ("20260112", "235959"), ("20260113", "000000"), ("20260113", "000001")]
    loop = [image(instance=9 - n, AcquisitionDate=d, AcquisitionTime=t) for n, (d, t) in enumerate(times)]
    (series,) = grouped(loop)
    assert [h.instance_number for h in series.slices] == [9, 8, 7, 6]


def test_two_reasons_to_split_give_four_groups(grouped):
    series = grouped(
        [s for echo in (20, 80) for b in (0.0, 800.0) for s in stack(3, EchoTime=echo, DiffusionBValue=b)]
    )
    assert sizes(series) == [3, 3, 3, 3]


def test_an_attribute_that_differs_on_every_slice_splits_nothing(grouped):
    (series,) = grouped([image(position=(0, 0, z), EchoTime=20 + z, TriggerTime=z) for z in range(6)])
    assert len(series.slices) == 6


def test_a_time_of_its_own_on_each_slice_does_not_shatter_repeated_places(grouped):
    series = grouped([image(position=(0, 0, z % 4), TriggerTime=7 * z, instance=z) for z in range(8)])
    assert sizes(series) == [4, 4]


@pytest.mark.parametrize("times_first", [False, True])
def test_repetitions_told_apart_by_the_instance_number_only_are_split(grouped, times_first):
    places, times = 5, 3
    planes = [(z, t) for z in range(places) for t in range(times)]
    if not times_first:
        planes.sort(key=lambda one: (one[1], one[0]))
    datasets = [image(position=(0, 0, 2.0 * z), instance=n) for n, (z, _) in enumerate(planes, 1)]
    series = grouped(datasets[::-1])
    assert sizes(series) == [places] * times
    time_of = {n: t for n, (_, t) in enumerate(planes, 1)}
    for one in series:
        assert len({time_of[h.instance_number] for h in one.slices}) == 1
        (said,) = (note for note in one.notes if note.startswith("repetition"))
        assert said == f"repetition {time_of[one.slices[0].instance_number] + 1}"


def test_an_unfinished_repetition_is_split_off_too(grouped):
    datasets = [image(position=(0, 0, 2.0 * (n % 5)), instance=n + 1) for n in range(13)]
    assert sizes(grouped(datasets)) == [5, 5, 3]


def test_images_numbered_without_a_pattern_stay_together(grouped):
    numbers = {(0, 0): 1, (1, 0): 4, (2, 0): 3, (0, 1): 2, (1, 1): 5, (2, 1): 6}
    series = grouped([image(position=(0, 0, 2.0 * z), instance=n) for (z, _), n in numbers.items()])
    assert sizes(series) == [6] and series[0].notes == ("up to 2 images at one place",)


def test_a_loop_at_one_place_is_scrolled_through_in_time(grouped):
    beats = [image(position=(0, 0, 0), TriggerTime=time, instance=1) for time in (300, 0, 200, 100)]
    (series,) = grouped(beats)
    times = {plane.header.key: plane.time for plane in grouped.planes}
    assert [times[h.key] for h in series.slices] == [0, 100, 200, 300]


def test_repeats_that_nothing_tells_apart_stay_together_and_are_said(grouped):
    (series,) = grouped([*stack(3), *stack(3)])
    assert len(series.slices) == 6
    assert any("up to 2 images at one place" in note for note in series.notes)


def test_segments_of_a_segmentation_are_split(grouped):
    seg = enhanced(np.zeros((4, 8, 8), "u1"), [(0, 0, 0), (0, 0, 1)] * 2)
    for frame, groups in enumerate(seg.PerFrameFunctionalGroupsSequence):
        groups.SegmentIdentificationSequence = item(ReferencedSegmentNumber=1 + frame // 2)
    assert sizes(grouped([seg])) == [2, 2]


def test_a_missing_slice_is_said(grouped):
    (series,) = grouped([*stack(4), *stack(2, start=6)])
    assert series.warnings == ("Gap after slice 2: 2 slices missing",) and series.notes == ()


def test_a_segmentation_has_no_gaps_for_it_stores_no_empty_slices(grouped):
    places = [(0, 0, z) for z in (0, 2, 4, 8, 10)]
    seg = enhanced(np.zeros((5, 8, 8), "u1"), places, Modality="SEG")
    assert grouped([seg])[0].warnings == ()


def test_a_tilted_gantry_and_unequal_spacing_are_warned_of(grouped):
    leaning = (1.0, 0.0, 0.0, 0.0, 0.96, 0.28)
    (tilted,) = grouped([image(orientation=leaning, position=(0, 0, 3.0 * z)) for z in range(8)])
    assert tilted.warnings == ("Gantry tilt 16.3°: slices are shifted against each other",)
    (uneven,) = grouped([image(position=(0, 0, z)) for z in (0, 1, 2, 3, 4.5, 6, 7.5)])
    assert uneven.warnings == ("Slices are not equally spaced (1 to 1.5 mm)",)


def test_the_three_planes_of_a_scout_are_three_groups_in_any_order(grouped):
    kind = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    planes = [
        image(orientation=name, position=tuple(np.eye(3)[axis] * 10 * i), ImageType=kind)
        for i in range(5)
        for axis, name in ((2, "axial"), (1, "coronal"), (0, "sagittal"))
    ]
    series = grouped(planes)
    assert sizes(series) == [5, 5, 5]
    assert [one.orientation for one in series] == ["axial", "coronal", "sagittal"]
    assert all(one.notes[0] == "localizer" and not one.warnings for one in series)


@pytest.mark.parametrize("step", [2, 15])
def test_a_projection_that_turns_around_the_patient_is_one_group_in_turning_order(grouped, step):
    angles = np.radians(np.arange(8) * step)
    turning = [
        image(orientation=(np.cos(a), np.sin(a), 0, 0, 0, -1), position=(-9 * np.cos(a), -9 * np.sin(a), 9),
              instance=n + 1, modality="MR")
        for n, a in enumerate(angles)
    ]  # fmt: skip
    (series,) = grouped([turning[i] for i in (3, 0, 7, 1, 6, 2, 5, 4)])
    assert [h.instance_number for h in series.slices] == list(range(1, 9))
    assert series.orientation == "" and series.warnings == ("Each image has a direction of its own",)


def test_two_patients_under_one_series_uid_are_never_mixed(grouped):
    theirs = stack(2)
    for dataset in theirs:
        dataset.PatientID = "OTHER"
        dataset.PatientName = "Zed^Zoe"
    series = grouped([*stack(3), *theirs])
    assert sizes(series) == [3, 2]
    assert [one.patient.name for one in series] == ["Doe^Jane", "Zed^Zoe"]


def test_groups_of_a_split_series_have_uids_of_their_own(grouped):
    series = grouped([*stack(), image(gradient(8, 8)), image(gradient(9, 9))])
    base = series[0].series_instance_uid
    assert [one.uid for one in series] == [base, f"{base}#2", f"{base}#3"]


def test_uids_stay_while_files_still_arrive(tmp_path):
    planes = planes_of([*stack(3, EchoTime=20), image(gradient(8, 8)), *stack(3, EchoTime=80)], tmp_path)
    numbering = Numbering()
    held: dict[tuple[str, int], str] = {}
    for count in range(1, len(planes) + 1):
        series = group(planes[:count], numbering)
        now = {one.slices[0].key: one.uid for one in series}
        first = {next(p.header.key for p in planes if p.header in one.slices): one.uid for one in series}
        assert all(held.get(key, uid_) == uid_ for key, uid_ in first.items()), count
        held.update(first)
        assert len(set(now.values())) == len(now)
    assert sizes(group(planes, numbering)) == [3, 1, 3]


def test_series_go_by_patient_study_and_number(grouped):
    datasets = [
        image(patient="B", series="b", SeriesNumber=1),
        image(patient="A", study="late", series="x", StudyDate="20260301", SeriesNumber=1),
        image(patient="A", study="early", series="c", StudyDate="20250101", SeriesNumber=10),
        image(patient="A", study="early", series="d", StudyDate="20250101", SeriesNumber=9),
    ]
    assert [one.description for one in grouped(datasets)] == ["d", "c", "x", "b"]


def test_every_rule_has_a_name_of_its_own():
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)
    assert len(set(VARIANTS)) == len(VARIANTS)
