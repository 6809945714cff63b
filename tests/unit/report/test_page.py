"""The page: size, equal pictures, true aspect, letters, and what the PNG carries."""

import dataclasses
import os

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage

from tests.support.report_views import NAME, make_report, make_view
from viewer.errors import ReportError
from viewer.report import page, picture, record, words
from viewer.report.sheet import Sheet
from viewer.report.typeface import elided
from viewer.session.state import Overlay


@pytest.fixture(autouse=True)
def application(qapp):
    """Text needs one."""


def pixels_of(image: QImage) -> np.ndarray:
    """(height, width, 3) uint8 RGB."""
    converted = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(converted.constBits(), np.uint8).reshape(
        converted.height(), converted.bytesPerLine()
    )
    return rows[:, : converted.width() * 3].reshape(converted.height(), converted.width(), 3).copy()


def test_the_page_is_at_least_2000_pixels_wide(tmp_path):
    page.save(make_report(), tmp_path / "a.png")
    image = QImage(str(tmp_path / "a.png"))
    assert image.width() == page.WIDTH >= 2000 and image.height() > 1500


def test_the_png_gives_back_the_whole_report(tmp_path):
    made = make_report(comment="Two  spaces äöü 日本\nsecond line")
    page.save(made, tmp_path / "a.png")
    assert page.read(tmp_path / "a.png") == made


def test_other_programs_find_the_report_in_the_text_chunk(tmp_path):
    from PIL import Image

    made = make_report()
    page.save(made, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        assert record.from_json(image.text["glassbox"]) == made
        assert "Not for primary diagnosis" in image.text["Disclaimer"]


def test_a_deidentified_png_holds_the_name_nowhere(tmp_path):
    page.save(make_report(deidentify=True), tmp_path / "a.png")
    from PIL import Image

    with Image.open(tmp_path / "a.png") as image:
        assert not [text for text in image.text.values() if "DOE" in text or "JANE" in text or "4711" in text]
    assert NAME.encode() not in (tmp_path / "a.png").read_bytes()


def test_an_ordinary_picture_is_no_report(tmp_path):
    QImage(8, 8, QImage.Format.Format_RGB32).save(str(tmp_path / "a.png"))
    (tmp_path / "b.png").write_text("no picture")
    said = {"a.png": "no report of Glassbox", "b.png": "This is no PNG", "missing.png": "cannot be read"}
    for name, sentence in said.items():
        with pytest.raises(ReportError, match=sentence):
            page.read(tmp_path / name)


def test_an_existing_page_is_never_replaced_unasked(tmp_path):
    (tmp_path / "a.png").write_bytes(b"old")
    with pytest.raises(ReportError, match="exists already"):
        page.save(make_report(), tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes() == b"old"
    page.save(make_report(), tmp_path / "a.png", overwrite=True)
    assert page.read(tmp_path / "a.png").image.number == 12
    assert os.listdir(tmp_path) == ["a.png"]


def test_a_report_without_pictures_is_not_drawn():
    bare = record.from_json(record.to_json(make_report()))
    with pytest.raises(ReportError, match="no pictures"):
        page.draw(bare)


@pytest.mark.parametrize(
    ("rows", "cols", "spacing"),
    [(200, 100, (1.0, 1.0)), (100, 200, (3.0, 1.0)), (64, 64, (0.5, 2.0)), (300, 20, None)],
)
def test_both_pictures_have_the_patients_aspect(rows, cols, spacing):
    image = make_report(make_view(rows, cols, spacing=spacing)).image
    target = picture.placed(image, QRectF(0, 0, 1110, 900))
    row, col = spacing or (1.0, 1.0)
    assert target.height() / target.width() == pytest.approx(rows * row / (cols * col), rel=0.02)
    assert target.width() <= 1110 and target.height() <= 900
    assert max(target.width() / 1110, target.height() / 900) == pytest.approx(1, abs=0.01)


def test_source_and_overlay_lie_side_by_side_at_equal_size():
    view = make_view(values=np.full((256, 256), 1000, np.int16), letters=("", "", "", ""))
    drawn = pixels_of(page.draw(make_report(view), 1200))
    middle = drawn[:, 60:-60]
    rows = np.flatnonzero((middle == 255).all(axis=2).mean(axis=1) < 0.99)
    assert rows.size
    left, right = drawn[300:550, 36:591], drawn[300:550, 609:1164]
    assert (left == 255).all()
    assert (right == 255).all(axis=2).mean() < 0.9


def test_no_positive_evidence_is_said_on_the_picture_and_not_drawn():
    with_evidence = make_report()
    without = make_report(make_view(empty=True))
    assert np.array_equal(without.pictures.overlay, without.pictures.source)
    plain = dataclasses.replace(
        without,
        analysis=dataclasses.replace(
            without.analysis, map=dataclasses.replace(without.analysis.map, empty=False)
        ),
    )
    assert page.draw(without, 1200).size() != page.draw(with_evidence, 1200).size()
    assert not np.array_equal(
        pixels_of(page.draw(without, 1200))[150:250], pixels_of(page.draw(plain, 1200))[150:250]
    )


def test_evidence_below_the_threshold_is_said_in_words():
    weak = make_report(make_view(heat_range=(0.0, 100.0)))
    assert np.array_equal(weak.pictures.overlay, weak.pictures.source)
    assert "below the threshold everywhere" in words.nothing_drawn(weak)
    assert words.nothing_drawn(make_report()) == ""


@pytest.mark.parametrize(
    ("evidence", "scale", "said"),
    [("positive", (0.0, 3.2), "evidence for"), ("negative", (0.0, -3.2), "evidence against"),
     ("signed", (-3.2, 3.2), "evidence for and against")],
)  # fmt: skip
def test_title_and_footer_name_the_sign_of_the_evidence(evidence, scale, said):
    made = make_report(make_view(overlay=Overlay(evidence=evidence), heat_range=scale))
    assert words.panel_titles(made)[1] == f"Grad-CAM: {said} {made.analysis.target}"
    rows = dict(words.footer(made)[1])
    top = {"positive": "top 3.2", "negative": "top −3.2", "signed": "top +3.2"}[evidence]
    assert top in rows["Scale"] and rows["Scale"].startswith("absolute")
    assert page.draw(made, 800).height() > 400


def test_no_evidence_of_the_sign_shown_is_said_on_the_page():
    against = make_report(
        make_view(overlay=Overlay(evidence="negative", threshold=0.5), heat_range=(0, -3.2))
    )
    assert words.nothing_drawn(against).startswith("The evidence against")
    nothing = make_view(overlay=Overlay(evidence="negative"), heat_range=(0, -3.2))
    heatmap = dataclasses.replace(nothing.heatmap, nothing_against=True)
    made = make_report(dataclasses.replace(nothing, heatmap=heatmap))
    assert made.analysis.map.empty and words.nothing_drawn(made).startswith("No evidence against")


def test_a_finding_below_its_operating_point_has_a_sentence_in_the_place_of_its_map():
    sentence = "glioma 0.12 is below this model's operating point 0.50: no map is shown."
    view = dataclasses.replace(make_view(), heatmap=None, caption="", cams={}, withheld=sentence)
    made = make_report(view)
    other = make_report(dataclasses.replace(view, withheld=""))
    assert made.pictures.overlay is None and made.analysis.map is None and made.analysis.withheld == sentence
    assert dict(words.footer(made)[1])["Layer"] == "no map shown"
    one, two = (pixels_of(page.draw(report, 1200)) for report in (made, other))
    assert not np.array_equal(one[300:600, 609:1164], two[300:600, 609:1164])


def test_findings_below_their_operating_point_are_marked_in_words():
    made = make_report()
    below = [finding for finding in made.analysis.findings if finding.below]
    assert below and all(finding.probability < 0.4 == finding.point for finding in below)
    target = made.analysis.target
    findings = tuple(
        dataclasses.replace(finding, point=1.0) if finding.label == target else finding
        for finding in made.analysis.findings
    )
    shown = dataclasses.replace(made, analysis=dataclasses.replace(made.analysis, findings=findings))
    assert "below the model's operating point 1" in dict(words.footer(shown)[1])["Target"]


def test_that_the_explained_finding_is_below_its_operating_point_is_never_cut_off(monkeypatch):
    made = make_report(make_view(labels=("pituitary tumour", "no tumour found")))
    low = tuple(dataclasses.replace(one, probability=0.125, point=0.375) for one in made.analysis.findings)
    analysis = dataclasses.replace(made.analysis, findings=low, target="pituitary tumour")
    lines = []

    def text(sheet, line, x, baseline, chosen, color, width):
        lines.append(elided(line, chosen, width))

    monkeypatch.setattr(Sheet, "text", text)
    page.draw(dataclasses.replace(made, analysis=analysis), 800)
    said = " ".join(" ".join(lines).split())
    assert "pituitary tumour (explained here) · below the operating point 0.375" in said


def test_a_longer_comment_makes_a_longer_page_and_no_word_is_lost():
    heights = [page.draw(make_report(comment="word " * count), 800).height() for count in (1, 100, 700)]
    assert heights == sorted(set(heights))


def test_very_many_labels_fit_on_the_page():
    labels = tuple(f"label {i} {'x' * (i % 90)}" for i in range(400))
    drawn = page.draw(make_report(make_view(labels=labels)), 800)
    assert drawn.height() < 2 * page.draw(make_report(), 800).height()


def test_a_warning_about_the_domain_stands_above_the_pictures():
    reasons = ("The model is made for MR; this series is CT.",)
    plain = pixels_of(page.draw(make_report(), 1200))
    warned = pixels_of(page.draw(make_report(make_view(outside=reasons)), 1200))
    above = warned[: np.flatnonzero(dark_rows(warned))[0]].astype(int)
    red = (above[..., 0] > 120) & (above[..., 1] < 90) & (above[..., 2] < 90)
    assert red.any() and warned.shape[0] > plain.shape[0]


def dark_rows(drawn: np.ndarray) -> np.ndarray:
    """Rows of the page that are mostly picture ground."""
    return (drawn < 60).all(axis=2).mean(axis=1) > 0.5


def test_colour_images_are_reported_in_colour():
    values = np.zeros((64, 64, 3), np.uint8)
    values[..., 1] = 200
    made = make_report(make_view(64, 64, values=values))
    assert made.display.text == "colour"
    assert made.pictures.source[0, 0] == 0xFF00C800


def test_a_large_radiograph_is_reduced_without_aliasing():
    checks = np.indices((2000, 2000)).sum(axis=0) % 2 * 1000
    made = make_report(make_view(2000, 2000, values=checks.astype(np.int16), analysed=False))
    drawn = picture.image_of(made.pictures.source, 500, 500)
    assert pixels_of(drawn).std() < 10


def test_the_footer_names_all_that_a_result_depends_on():
    made = make_report(make_view(overlay=Overlay(opacity=0.4, threshold=0.25, scale="relative")))
    rows = dict(row for column in words.footer(made) for row in column)
    assert {"Model", "SHA-256", "Licence", "Intended use", "Method", "Layer", "Target", "Scale"} <= set(rows)
    assert {"Threshold", "Opacity", "Colour map", "Window", "Device", "Software", "Time"} <= set(rows)
    assert rows["Opacity"] == "40%" and rows["Threshold"].startswith("25%")
    assert rows["SHA-256"].startswith("ab12ab12") and "relative" in rows["Scale"]
    assert rows["Time"].startswith("2026-11-21 03:04:05")


def test_the_headline_says_who_or_that_it_is_nobody():
    assert words.headline(make_report()).startswith("DOE JANE MARIE")
    assert words.headline(make_report(deidentify=True)) == "De-identified"


NAMES = (
    "Yamada^Tarou · 山田^太郎 · やまだ^たろう",
    "洪^吉洞 · 홍^길동",
    "قباني^لنزار",
    "שרון^דבורה",
    "Люксембург^Роза",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_any_script_is_drawn_and_leaves_its_line_in_order(name):
    """Also where a machine has no font for it: then in boxes."""
    made = make_report(make_view(name=name))
    line = words.headline(made)
    scripts = name.replace("^", " ").split(" · ")
    assert 0 <= max(line.index(script) for script in scripts) < line.index("born")
    assert all(line.count(mark) == int(name in NAMES[2:4]) for mark in "\u2068\u2069")
    nobody = page.draw(make_report(make_view(name="")), 1200)
    assert (pixels_of(page.draw(made, 1200)) != pixels_of(nobody)).any()
