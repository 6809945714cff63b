"""`report --replay`: the same pixels again, or one sentence and nothing written."""

import json

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.support import dicom_factory
from tests.support.bundle_factory import make_bundle
from tests.support.report_views import anatomy
from viewer.annotate.mark import KINDS
from viewer.cli import drawing
from viewer.dicom.pixels import load_slice
from viewer.dicom.scan import scan
from viewer.report import page, report
from viewer.session import marks
from viewer.session.kept import Kept, Place
from viewer.session.state import Presentation, ViewerState
from viewer.session.store import Ask, Store, default_path
from viewer.study import Window

SLICES = 3
VIEW_POINTS = {
    2: ((8.0, 9.5), (30.5, 33.0)),
    3: ((8.0, 9.5), (30.5, 33.0), (12.0, 40.0)),
    4: ((10.0, 20.0), (30.0, 20.0), (20.0, 10.0), (20.0, 30.0)),
    1: ((20.5, 20.5),),
    0: ((5.0, 5.0), (30.0, 8.0), (28.0, 40.0), (9.0, 30.0), (14.0, 18.0)),
}


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    """A model, another of the same name, one that gates its first label, and a CT series of slices that
    differ."""
    folder = tmp_path_factory.mktemp("material")
    make_bundle(folder / "tiny")
    make_bundle(folder / "other", seed=1)
    make_bundle(folder / "careful", operating_points={"lesion": 1.0, "cyst": 0.0, "nothing": 0.0})
    write_study(folder / "ct")
    return folder


def write_study(folder, brighter=0, slices=SLICES):
    planes = np.stack([np.roll(anatomy(48, 40), 6 * i, axis=0) * (i + 1) + brighter for i in range(slices)])
    return dicom_factory.write_series(
        folder, slices, pixels=planes.astype(np.int16), spacing=(0.8, 1.0), series="ct head"
    )


@pytest.fixture(scope="module")
def pages():
    """Bytes of the pages exported so far, by what was asked."""
    return {}


@pytest.fixture
def exported(run, material, pages, tmp_path, qapp):
    """Export a page by `report`; the path of its PNG."""

    def export(*argv, model="tiny"):
        out = tmp_path / "page.png"
        if (argv, model) in pages:
            out.write_bytes(pages[argv, model])
            return out
        ran = run("report", material / "ct", "--model", material / model, "--out", out, "--overwrite", *argv)
        assert ran.code == 0, ran.err
        pages[argv, model] = out.read_bytes()
        return out

    return export


@pytest.fixture
def again(run, material, tmp_path):
    """Replay a page on the same study by the same model."""

    def replay(png, *argv, study="ct", model="tiny"):
        out = tmp_path / "again.png"
        where = [material / study] if study else []
        return run("report", "--replay", png, *where, "--model", material / model, "--out", out, *argv)

    return replay


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image)


def altered(png, change, *, paint=None):
    """The same PNG with its JSON changed by `change`, its pixels by `paint`."""
    with Image.open(png) as image:
        table, colors = json.loads(image.text["glassbox"]), np.array(image)
    change(table)
    if paint is not None:
        paint(colors)
    info = PngInfo()
    info.add_text("glassbox", json.dumps(table), zip=True)
    Image.fromarray(colors).save(png, pnginfo=info)
    return png


def refused(ran, tmp_path, *words):
    """One sentence with these words, exit code 2, and nothing written."""
    assert ran.code == 2 and ran.out == "" and ran.err.count("\n") == 1
    assert all(word in ran.err for word in words), ran.err
    assert not (tmp_path / "again.png").exists()


def the_same(png, ran, tmp_path):
    assert (ran.code, ran.err) == (0, "")
    assert np.array_equal(pixels(png), pixels(tmp_path / "again.png"))


# The same pixels


@pytest.mark.parametrize(
    "argv",
    [
        (),
        ("--deidentify", "--comment", "Seen twice.\nNothing  else."),
        ("--method", "hires-cam", "--target", "cyst", "--against", "lesion", "--evidence", "signed"),
        ("--layer", "block2", "--scale", "relative", "--opacity", 0.8, "--threshold", 0.4),
        ("--window", "-100,900", "--colormap", "viridis", "--evidence", "negative", "--slice", 2),
        ("--method", "smoothgrad", "--target", "cyst"),
        ("--method", "score-cam", "--layer", "block3"),
    ],
    ids=lambda argv: " ".join(str(one) for one in argv[:2]) or "plain",
)
def test_the_page_is_drawn_again_with_the_same_pixels(exported, again, tmp_path, argv):
    png = exported(*argv)
    the_same(png, again(png), tmp_path)


def test_the_whole_file_is_the_same(exported, again, tmp_path):
    png = exported()
    again(png)
    assert png.read_bytes() == (tmp_path / "again.png").read_bytes()


@pytest.mark.parametrize("argv", [(), ("--anyway",)], ids=["kept back", "anyway"])
def test_a_finding_below_its_operating_point_is_shown_or_kept_back_as_it_was(exported, again, tmp_path, argv):
    png = exported("--target", "lesion", *argv, model="careful")
    the_same(png, again(png, model="careful"), tmp_path)


def of_window(material, *, index=1, deidentify=False, kinds=(), **state):
    """The report of a slice with marks on it, turned and inverted, as the window makes it; not analysed."""
    (series,) = scan(material / "ct").series
    slice = load_slice(series.slices[index])
    drawn = tuple(marks.drawn(kind, VIEW_POINTS[KINDS[kind].points], series, slice.header) for kind in kinds)
    asked = ViewerState(
        series=series.uid,
        slice=index,
        window=Window(300, 700, "LINEAR_EXACT"),
        invert=True,
        presentation=Presentation(quarter_turns=3, flipped=True),
        marks=drawn,
        **state,
    )
    return report.build(drawing.shown(asked, series, slice), comment="Looked at.", deidentify=deidentify)


def test_every_mark_of_the_reader_is_drawn_again(material, again, tmp_path, qapp):
    made = of_window(material, kinds=tuple(KINDS), deidentify=True)
    assert len(made.marks) == len(KINDS) and made.identity is None
    page.save(made, tmp_path / "page.png")
    the_same(tmp_path / "page.png", again(tmp_path / "page.png"), tmp_path)


def test_a_page_without_an_analysis_needs_no_model(material, run, tmp_path, qapp):
    page.save(of_window(material), tmp_path / "page.png")
    ran = run("report", "--replay", tmp_path / "page.png", material / "ct", "--out", tmp_path / "again.png")
    the_same(tmp_path / "page.png", ran, tmp_path)


def test_the_json_alone_is_enough(exported, again, tmp_path):
    png = exported()
    with Image.open(png) as image:
        (tmp_path / "page.json").write_text(image.text["glassbox"])
    ran = again(tmp_path / "page.json", "--json")
    assert json.loads(ran.out)["identical"] is None
    assert np.array_equal(pixels(png), pixels(tmp_path / "again.png"))


def test_the_study_is_found_where_it_was_opened_last(exported, again, material, tmp_path):
    png = exported("--deidentify")
    refused(again(png, study=None), tmp_path, "not known", "Name its folder")
    study = scan(material / "ct").series[0].study_instance_uid
    store, kept = Store(default_path()), Kept(study)
    store.exchange([Ask(kept, kept, place=Place(str(material / "ct")))])
    store.close()
    the_same(png, again(png, study=None), tmp_path)


# Another study, another network


def test_another_study_is_refused(exported, again, material, tmp_path):
    dicom_factory.write_series(material / "another", 2, series="other", StudyInstanceUID="1.2.3.4")
    refused(again(exported(), study="another"), tmp_path, "not the study of the report")


def test_a_study_without_the_image_is_refused(exported, again, material, tmp_path):
    png = exported("--slice", 3)
    for file in write_study(material / "part")[:-1]:
        file.unlink()
    refused(again(png, study="part"), tmp_path, "image of this report is not among the files")


def test_a_study_whose_pixels_changed_is_refused(exported, again, material, tmp_path):
    write_study(material / "brighter", brighter=40)
    png = exported("--window", "300,700")
    refused(
        again(png, study="brighter"), tmp_path, "study is not as it is in the report", "the pixels of the"
    )


def test_a_study_that_lost_a_slice_is_refused(exported, again, material, tmp_path):
    png = exported("--slice", 1)
    write_study(material / "shorter")[0].unlink()
    refused(again(png, study="shorter"), tmp_path, "the place and size of the image")


def test_other_weights_under_the_same_name_are_refused(exported, again, tmp_path):
    refused(again(exported(), model="other"), tmp_path, "'tiny' is not the one of the report", "SHA-256")


def test_a_model_that_is_not_there_is_named(exported, run, material, tmp_path):
    png = exported()
    ran = run("report", "--replay", png, material / "ct", "--out", tmp_path / "again.png")
    refused(ran, tmp_path, "'tiny' of the report", "is not here", "Add its bundle")


def test_the_same_weights_behind_another_card_are_refused(exported, again, material, tmp_path):
    make_bundle(material / "recarded", input={"high": 90.0})
    ran = again(exported("--slice", 2), model="recarded")
    refused(ran, tmp_path, "The probabilities", "come out otherwise", "card")


def test_another_torch_that_answers_otherwise_is_named(exported, again, tmp_path):
    def change(table):
        table["software"] = [["glassbox", "0.0.1"], ["torch", "1.0"], ["numpy", np.__version__]]
        table["overlay_sha256"] = "0" * 64

    words = (
        "The colours of the heatmap",
        "made with glassbox 0.0.1, torch 1.0",
        "Replay it where it was made",
    )
    refused(again(altered(exported(), change)), tmp_path, *words)


# A file that was altered

ALTERATIONS = {
    "a probability": (lambda t: t["analysis"]["findings"][0].update(probability=0.99), "The probabilities"),
    "a label": (lambda t: t["analysis"]["findings"][1].update(label="harmless"), "The probabilities"),
    "the range": (lambda t: t["analysis"]["map"].update(raw_range=[0.0, 9.0]), "The heatmap"),
    "the caption": (lambda t: t["analysis"]["map"].update(caption="Quite harmless."), "The heatmap"),
    "the opacity": (
        lambda t: t["analysis"]["map"]["overlay"].update(opacity=0.1),
        "colours of the heatmap",
    ),
    "the domain": (lambda t: t["analysis"].update(outside=["Made for cats."]), "What is said of the model"),
    "the model's words": (lambda t: t["analysis"].update(model_title="Approved."), "What is said of"),
    "the disclaimer": (lambda t: t.update(disclaimer="For primary diagnosis."), "The disclaimer"),
    "the patient": (lambda t: t["identity"].update(name="Roe^Richard"), "the patient"),
    "the description": (lambda t: t["study"].update(institution="Elsewhere"), "the description of the study"),
    "the spacing": (lambda t: t["image"].update(spacing=[8.0, 10.0]), "place and size"),
    "the letters": (lambda t: t["image"].update(letters=["L", "R", "A", "P"]), "place and size"),
    "the window": (lambda t: t["display"]["window"].update(center=1.0), "the pixels of the image"),
    "the pixels' digest": (lambda t: t.update(source_sha256="0" * 64), "the pixels of the image"),
    "a mark's figure": (lambda t: t["marks"][0]["figures"][0].update(value=1.0), "The marks"),
    "a mark's place": (lambda t: t["marks"][0]["points"][0].__setitem__(0, 1.0), "The marks"),
}


@pytest.mark.parametrize("name", ALTERATIONS)
def test_a_report_that_was_altered_is_not_drawn(exported, again, material, tmp_path, qapp, name):
    change, words = ALTERATIONS[name]
    if "mark" in name:
        page.save(of_window(material, kinds=("length",)), tmp_path / "page.png")
        png = tmp_path / "page.png"
    else:
        png = exported("--slice", 2, "--evidence", "signed", "--scale", "relative")
    refused(again(altered(png, change)), tmp_path, words)


def test_pixels_that_were_altered_are_counted_and_the_page_is_drawn_as_it_was(exported, again, tmp_path):
    png = exported()
    before = pixels(png).copy()
    ran = again(
        altered(png, lambda table: None, paint=lambda colors: colors[100:110, 200:230].fill(7)), "--json"
    )
    said = json.loads(ran.out)
    assert ran.code == 3 and said["identical"] is False and 0 < said["differing_pixels"] <= 300
    assert "the file was altered, or another version drew it" in ran.err
    assert np.array_equal(pixels(tmp_path / "again.png"), before)


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t["image"].update(rows=10**9),
        lambda t: t["image"].update(aspect=1e-300),
        lambda t: t["image"].update(quarter_turns=7),
        lambda t: t["image"].update(number=9, count=3),
        lambda t: t["display"]["window"].update(width=-4.0),
        lambda t: t["display"]["window"].update(function="EVIL"),
        lambda t: t["analysis"].update(method="unknown"),
        lambda t: t["analysis"].update(target="unknown"),
        lambda t: t["analysis"]["map"]["overlay"].update(colormap="unknown"),
        lambda t: t["analysis"]["map"]["overlay"].update(opacity=40.0),
        lambda t: t.update(created="yesterday"),
        lambda t: t.update(comment="x" * 5000),
        lambda t: t.update(source_sha256="zz" * 32),
        lambda t: t.update(schema="4"),
        lambda t: t.pop("image"),
        lambda t: t["analysis"]["findings"][0].update(probability=float("nan")),
    ],
)
def test_values_that_cannot_be_are_refused_before_anything_is_opened(exported, again, tmp_path, change):
    ran = again(altered(exported(), change), study=None)
    assert ran.code == 2 and ran.err.count("\n") == 1 and "known" not in ran.err


def test_what_is_no_report_is_refused_in_a_sentence(again, tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "plain.png")
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "list.json").write_text("[1, 2]")
    for name, words in {
        "plain.png": "holds no report",
        "text.png": "no report of Glassbox",
        "list.json": "no report of Glassbox",
        "missing.png": "cannot be read",
    }.items():
        refused(again(tmp_path / name), tmp_path, words)


# Its arguments


@pytest.mark.parametrize(
    "argv",
    [
        ("--slice", 2),
        ("--target", "cyst"),
        ("--window", "1,2"),
        ("--anyway",),
        ("--comment", "x"),
        ("--deidentify",),
    ],
)
def test_what_the_report_tells_cannot_be_wished_otherwise(exported, again, tmp_path, argv):
    refused(again(exported(), *argv), tmp_path, f"--replay takes {argv[0]} from the report")


def test_without_a_replay_a_study_has_to_be_named(run, tmp_path):
    refused(run("report", "--out", tmp_path / "again.png"), tmp_path, "required: PATH")


def test_an_existing_file_is_not_replaced_unasked(exported, again, tmp_path):
    png = exported()
    (tmp_path / "again.png").write_bytes(b"mine")
    assert again(png).code == 2 and (tmp_path / "again.png").read_bytes() == b"mine"
    assert again(png, "--overwrite").code == 0


def test_nothing_is_printed_of_who_it_is_about(exported, again):
    ran = again(exported(), "--json")
    assert ran.code == 0 and "Doe" not in ran.out + ran.err


def test_a_report_is_replayed_on_the_device_that_it_names(exported, again, monkeypatch):
    from viewer.inference import loading

    asked, load = [], loading.load_model
    monkeypatch.setattr(
        loading, "load_model", lambda bundle, device: asked.append(device) or load(bundle, "cpu")
    )
    again(altered(exported(), lambda t: t["analysis"]["provenance"].update(device="cuda")))
    assert asked == ["cuda"]
