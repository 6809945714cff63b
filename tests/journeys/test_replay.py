"""An exported report is opened again: everything it showed comes back, or a sentence says why not."""

import json
import time
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.journeys.conftest import Reader
from tests.support import dicom_factory
from tests.support.bundle_factory import make_bundle
from tests.support.headless_view import HeadlessView
from viewer import cli
from viewer.annotate.mark import Mark
from viewer.controller import Controller
from viewer.session.store import Store, default_path
from viewer.settings import Settings
from viewer.study import Window

LOOK = ("window", "invert", "presentation", "overlay")


def draw_and_export(reader, page, **options):
    """Look at slice 5 in a way of one's own, draw on it, and export it; the state then."""
    control = reader.controller
    control.go_to(4)
    reader.sees_slice(4)
    control.rotate(1)
    control.toggle_invert()
    control.set_window(Window(20, 300))
    if reader.screen.view.prediction is not None:
        control.set_target("cyst")
        control.set_layer("block2")
        control.set_overlay(opacity=0.7, threshold=0.05, scale="relative", evidence="signed")
    control.marks.add("length", ((5.0, 6.0), (40.0, 30.0)))
    control.marks.add("ellipse", ((10.0, 20.0), (30.0, 20.0), (20.0, 12.0), (20.0, 28.0)), "here")
    wanted = reader.screen.view.prediction is not None
    reader.wait(lambda: (reader.screen.view.heatmap is not None) == wanted, 20_000)
    control.export_report(page, comment="Follow up.", **options)
    reader.wait(lambda: reader.screen.said(f"saved as {page.name}"), 20_000)
    return control.state


def is_back(reader, was):
    """Whether the reader looks at what was exported."""
    now, view = reader.controller.state, reader.screen.view
    look = all(getattr(now, name) == getattr(was, name) for name in LOOK)
    ids = {mark.id for mark in was.marks}
    return look and now.slice == was.slice and view.slice is not None and ids <= {m.id for m in now.marks}


@pytest.fixture
def fresh(qtbot, bundle):
    """Makes a viewer that was just started, with the tiny model; shut down at the end."""
    made = []

    def start(store=None, folder=bundle):
        settings = Settings(device="cpu", model_folders=(str(folder),) if folder else ())
        controller, screen = Controller(settings, store=store), HeadlessView()
        controller.attach(screen)
        controller.start()
        made.append(controller)
        return Reader(controller, screen, qtbot)

    yield start
    for controller in made:
        controller.shutdown(20_000)


@pytest.fixture
def first(fresh, study):
    """A reader who has opened the study."""
    reader = fresh()
    reader.open(study)
    reader.controller.set_model("tiny")
    return reader


def test_everything_comes_back_after_the_reader_has_gone_elsewhere(reader, study, bundle, tmp_path):
    reader.open(study)
    reader.controller.add_model(bundle)
    reader.analyse()
    was, shown = draw_and_export(reader, tmp_path / "a.png"), reader.screen.view
    control = reader.controller
    control.reset()
    control.set_overlay(visible=False, opacity=0.2, evidence="positive", scale="absolute")
    control.set_layer("block4")
    control.set_target("lesion")
    control.marks.delete(was.marks[0].id)
    control.go_to(9)
    control.open(tmp_path / "a.png")
    reader.wait(lambda: is_back(reader, was) and reader.screen.view.heatmap is not None)
    view = reader.screen.view
    assert (view.target, view.layer.name, view.card.name) == ("cyst", "block2", "tiny")
    assert np.array_equal(view.heatmap.values, shown.heatmap.values)
    assert view.letters == shown.letters
    reader.wait(lambda: not control._replaying.runner.busy)
    assert reader.screen.said("The report of", "is back") and not reader.screen.said("otherwise")


def test_undo_takes_the_marks_of_a_report_back_again(first, tmp_path):
    was = draw_and_export(first, tmp_path / "a.png")
    for mark in was.marks:
        first.controller.marks.delete(mark.id)
    first.controller.open(tmp_path / "a.png")
    first.wait(lambda: is_back(first, was))
    first.controller.undo()
    assert first.controller.state.marks == ()


def test_a_mark_that_was_changed_since_stays_as_it_is_now(first, tmp_path):
    was = draw_and_export(first, tmp_path / "a.png")
    first.controller.marks.change(was.marks[0].id, color="cyan")
    first.controller.marks.delete(was.marks[1].id)
    first.controller.open(tmp_path / "a.png")
    first.wait(lambda: first.screen.said("is back", "1 mark has been changed since and stays as it is now"))
    assert {m.id: m.color for m in first.controller.state.marks} == {
        was.marks[0].id: "cyan",
        was.marks[1].id: "yellow",
    }


@pytest.mark.parametrize("deidentify", [False, True])
def test_a_viewer_that_never_saw_the_study_asks_for_it(first, fresh, study, tmp_path, deidentify):
    first.analyse()
    was = draw_and_export(first, tmp_path / "a.png", deidentify=deidentify)
    other = fresh()
    other.controller.open(tmp_path / "a.png")
    other.wait(lambda: bool(other.screen.asked_for_study))
    assert "not where it was" in other.screen.asked_for_study[0]
    other.controller.open_study(study)
    other.wait(lambda: is_back(other, was) and other.screen.view.heatmap is not None)
    assert [replace(mark, id="") for mark in other.controller.state.marks] == [
        replace(mark, id="") for mark in was.marks
    ]
    assert all(isinstance(mark, Mark) for mark in other.controller.state.marks)
    other.wait(lambda: not other.controller._replaying.runner.busy)
    assert not other.screen.said("otherwise") and not other.screen.said("not as it is")


def test_a_study_that_was_opened_before_is_found_without_asking(fresh, study, tmp_path):
    reader = fresh(Store(default_path()))
    reader.open(study)
    was = draw_and_export(reader, tmp_path / "a.png", deidentify=True)
    uid = reader.screen.view.series.study_instance_uid
    reader.wait(lambda: reader.controller.keeping.restored(uid))
    assert reader.controller.shutdown(20_000)
    other = fresh(Store(default_path()))
    other.controller.open(tmp_path / "a.png")
    other.wait(lambda: is_back(other, was))
    assert other.screen.asked_for_study == []


class SlowStore(Store):
    """On a disk that takes its time."""

    def exchange(self, asks):
        time.sleep(0.5)
        return super().exchange(asks)


def test_what_was_kept_since_wins_over_the_report(fresh, study, tmp_path):
    reader = fresh(Store(default_path()))
    reader.open(study)
    was = draw_and_export(reader, tmp_path / "a.png")
    reader.controller.marks.change(was.marks[0].id, color="cyan")
    assert reader.controller.shutdown(20_000)
    other = fresh(SlowStore(default_path()))
    other.controller.open(tmp_path / "a.png")
    other.wait(lambda: is_back(other, was))
    uid = other.screen.view.series.study_instance_uid
    other.wait(lambda: other.controller.keeping.restored(uid))
    assert other.controller.state.marks[0].color == "cyan" and other.screen.said("has been changed since")


def test_another_study_in_the_folder_is_refused(first, fresh, tmp_path):
    draw_and_export(first, tmp_path / "a.png")
    dicom_factory.write_series(tmp_path / "other", 2, StudyInstanceUID="1.2.3.4")
    other = fresh()
    other.controller.open(tmp_path / "a.png")
    other.wait(lambda: bool(other.screen.asked_for_study))
    other.controller.open_study(tmp_path / "other")
    other.wait(lambda: other.screen.asked_for_study[1:] == ["This is not the study of the report."])
    assert other.controller.state.marks == () and other.screen.view.series is None


def test_a_wrong_folder_is_refused_before_it_takes_the_place_of_what_is_open(first, fresh, study, tmp_path):
    was = draw_and_export(first, tmp_path / "a.png")
    for name, uid in (("open", "1.2.3.5"), ("wrong", "1.2.3.6")):
        dicom_factory.write_series(tmp_path / name, 4, StudyInstanceUID=uid)
    other = fresh()
    other.open(tmp_path / "open")
    shown = other.screen.view.series
    other.controller.open(tmp_path / "a.png")
    other.wait(lambda: bool(other.screen.asked_for_study))
    other.controller.open_study(tmp_path / "wrong")
    other.wait(lambda: other.screen.asked_for_study[1:] == ["This is not the study of the report."])
    assert other.screen.view.series is shown and other.controller._opening.path == tmp_path / "open"
    other.controller.open_study(study)
    other.wait(lambda: is_back(other, was))


def test_a_folder_without_images_is_refused_with_what_is_in_it(first, fresh, tmp_path):
    draw_and_export(first, tmp_path / "a.png")
    (tmp_path / "letters").mkdir()
    for name in ("one.txt", "two.txt"):
        (tmp_path / "letters" / name).write_text("Dear colleague")
    other = fresh()
    other.controller.open(tmp_path / "a.png")
    other.wait(lambda: bool(other.screen.asked_for_study))
    other.controller.open_study(tmp_path / "letters")
    other.wait(lambda: len(other.screen.asked_for_study) == 2)
    assert "None of the 2 files here is a DICOM image" in other.screen.asked_for_study[1]
    assert other.screen.view.series is None


def test_going_on_with_another_study_while_the_folder_is_asked_for_is_no_answer(
    first, fresh, study, tmp_path
):
    was = draw_and_export(first, tmp_path / "a.png")
    dicom_factory.write_series(tmp_path / "open", 4, StudyInstanceUID="1.2.3.5")
    other = fresh()
    other.open(tmp_path / "open")
    other.controller.open(tmp_path / "a.png")
    other.wait(lambda: bool(other.screen.asked_for_study))
    other.controller.go_to(2)
    other.sees_slice(2)
    assert not other.screen.said("not the study") and len(other.screen.asked_for_study) == 1
    other.controller.open_study(study)
    other.wait(lambda: is_back(other, was))


def test_the_comment_comes_back_unless_another_was_written_since(first, fresh, study, tmp_path):
    draw_and_export(first, tmp_path / "a.png")
    other = fresh()
    other.open(study)
    other.controller.open(tmp_path / "a.png")
    other.wait(lambda: other.screen.said("is back"))
    uid = other.screen.view.series.study_instance_uid
    assert other.controller.state.comment_on(uid) == "Follow up."
    other.controller.undo()
    assert other.controller.state.comment_on(uid) == ""
    other.controller.key_images.set_comment("Stable.")
    other.controller.open(tmp_path / "a.png")
    other.wait(lambda: other.screen.said("The comment has been changed since and stays as it is now."))
    assert other.controller.state.comment_on(uid) == "Stable."


@pytest.mark.parametrize("seed", [1, None], ids=["other weights", "none"])
def test_another_model_is_refused_and_nothing_is_opened(first, fresh, tmp_path, seed):
    first.analyse()
    draw_and_export(first, tmp_path / "a.png")
    other = fresh(folder=make_bundle(tmp_path / "other", seed=seed) if seed else None)
    other.controller.open(tmp_path / "a.png")
    other.wait(lambda: other.screen.said("'tiny'", "SHA-256"))
    assert other.screen.view.series is None and other.screen.asked_for_study == []


def test_pixels_that_are_not_those_of_the_report_are_said(first, fresh, tmp_path):
    draw_and_export(first, tmp_path / "a.png")
    pixels = np.random.default_rng(7).integers(-100, 300, (12, 48, 56)).astype(np.int16)
    dicom_factory.write_series(tmp_path / "changed", 12, pixels=pixels)
    other = fresh()
    other.controller.open(tmp_path / "a.png")
    other.wait(lambda: bool(other.screen.asked_for_study))
    other.controller.open_study(tmp_path / "changed")
    other.wait(lambda: other.screen.said("not as it is in the report", "the pixels of the image"))


@pytest.mark.parametrize("deidentify", [False, True])
def test_the_command_line_draws_what_the_window_exported(first, study, bundle, tmp_path, capfd, deidentify):
    first.analyse()
    draw_and_export(first, tmp_path / "a.png", deidentify=deidentify)
    argv = ["--replay", tmp_path / "a.png", study, "--model", bundle, "--out", tmp_path / "b.png"]
    assert cli.run(["report", *map(str, argv)]) == 0, capfd.readouterr().err
    with Image.open(tmp_path / "a.png") as one, Image.open(tmp_path / "b.png") as other:
        assert np.array_equal(np.asarray(one), np.asarray(other))


def test_what_is_no_report_is_said_and_the_study_stays(first, tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "plain.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "plain.png").read_bytes()[:-20])
    for name, words in {"plain.png": "holds no report", "cut.png": "damaged or cut off"}.items():
        first.controller.open(tmp_path / name)
        first.wait(lambda words=words: first.screen.said(words))
    assert first.screen.view.series is not None


def test_a_dicom_file_may_be_called_like_a_picture(fresh, tmp_path):
    file = dicom_factory.write(dicom_factory.image(), tmp_path / "scan.png")
    reader = fresh()
    reader.controller.open(file)
    reader.wait(lambda: reader.screen.view.slice is not None)


def test_a_contact_page_is_drawn_again_and_brings_its_key_images_back(
    first, fresh, study, bundle, tmp_path, capfd
):
    first.analyse()
    for index in (2, 7):
        first.controller.go_to(index)
        first.sees_slice(index)
        first.controller.key_images.toggle()
    draw_and_export(first, tmp_path / "a.png", images="contact", deidentify=True)
    argv = ["--replay", tmp_path / "a.png", study, "--model", bundle, "--out", tmp_path / "b.png", "--json"]
    assert cli.run(["report", *map(str, argv)]) == 0, capfd.readouterr().err
    assert len(json.loads(capfd.readouterr().out)["pages"]) == 2
    with Image.open(tmp_path / "a.png") as one, Image.open(tmp_path / "b.png") as other:
        assert np.array_equal(np.asarray(one), np.asarray(other))
    other = fresh()
    other.controller.open(tmp_path / "a.png")
    other.wait(lambda: bool(other.screen.asked_for_study))
    other.controller.open_study(study)
    other.wait(lambda: len(other.controller.state.key_images) == 2)
    assert other.controller.state.key_images == first.controller.state.key_images
    assert other.controller.state.slice == 2
