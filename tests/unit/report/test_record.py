"""A report as JSON and back."""

import json

import pytest

from tests.support.report_views import make_report, make_view
from viewer.errors import ReportError
from viewer.explain.trust.verdict import undefined, weights_line
from viewer.report import record, words


@pytest.mark.parametrize(
    "made",
    [
        make_report(comment='Two  spaces,\na line, äöü 日本 and "quotes"'),
        make_report(deidentify=True),
        make_report(make_view(analysed=False, spacing=None)),
        make_report(make_view(empty=True, outside=("The model is made for CT; this series is MR.",))),
        make_report(make_view(window=None, voi_lut=None)),
    ],
    ids=["comment", "deidentified", "not analysed", "no evidence", "no window"],
)
def test_a_report_comes_back_from_its_json_as_it_was(made):
    assert record.from_json(record.to_json(made)) == made


def test_the_json_is_ascii_and_survives_readers_that_join_spaces():
    text = record.to_json(make_report(comment="a   b"))
    assert text.isascii() and "  " not in text
    assert json.loads(text)["comment"] == "a   b"


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table.pop("study"),
        lambda table: table.update(surplus=1),
        lambda table: table.update(deidentified="yes"),
        lambda table: table["image"].update(letters=["R", "L"]),
        lambda table: table["image"].update(number=True),
        lambda table: table["analysis"].update(findings={}),
        lambda table: table.update(kind="another"),
    ],
    ids=["missing", "surplus", "type", "length", "flag for number", "table for list", "kind"],
)
def test_altered_json_is_refused_in_words(change):
    table = json.loads(record.to_json(make_report()))
    change(table)
    with pytest.raises(ReportError, match="no report of Glassbox"):
        record.from_json(json.dumps(table))


@pytest.mark.parametrize("text", ["", "[]", "{", "null", "[" * 100_000])
def test_what_is_no_report_is_refused_in_words(text):
    with pytest.raises(ReportError, match="no report of Glassbox"):
        record.from_json(text)


def test_a_report_of_a_later_schema_is_not_guessed_at():
    table = json.loads(record.to_json(make_report())) | {"schema": 99}
    with pytest.raises(ReportError, match="schema 99"):
        record.from_json(json.dumps(table))


def test_a_report_of_the_first_schema_had_nothing_over_its_pictures():
    table = json.loads(record.to_json(make_report())) | {"schema": 1}
    for name in ("quarter_turns", "flipped", "aspect"):
        del table["image"][name]
    for name in ("graphics", "shutter"):
        del table["display"][name]
    old = record.from_json(json.dumps(table))
    assert (old.display.graphics, old.display.shutter, old.image.flipped) == (False, False, False)


def of_schema_2(**look):
    """A report as the second schema wrote it."""
    table = json.loads(record.to_json(make_report())) | {"schema": 2}
    for name in ("against", "method", "withheld"):
        del table["analysis"][name]
    for finding in table["analysis"]["findings"]:
        del finding["point"]
    del table["analysis"]["map"]["overlay"]["evidence"]
    table["analysis"]["map"]["overlay"].update(look)
    return table


def test_a_report_of_the_second_schema_withheld_nothing_and_knew_no_operating_points():
    old = record.from_json(json.dumps(of_schema_2()))
    assert (old.analysis.method, old.analysis.withheld, old.analysis.against) == ("grad-cam", "", "")
    assert not any(finding.below for finding in old.analysis.findings)
    assert old.analysis.map.overlay.evidence == "positive" and old.analysis.map.heat_range == (0.0, 3.2)


def test_the_diverging_colour_map_of_an_older_report_is_signed_evidence():
    shown = record.from_json(json.dumps(of_schema_2(colormap="diverging"))).analysis.map
    assert (shown.overlay.evidence, shown.overlay.colormap) == ("signed", "inferno")
    assert shown.heat_range == (-3.2, 3.2)


def test_the_trust_lines_are_on_the_page_and_come_back_from_the_record():
    lines = (weights_line(1.9), weights_line(1.0), undefined("noise", "No map."))
    report = make_report(make_view(trust=lines))
    assert report.analysis.trust == lines
    assert record.from_json(record.to_json(report)).analysis.trust == lines
    rows = dict(words.footer(report)[1])
    assert rows["Trust"] == "1 of 3 figures good; bad: learned weights; cannot be told: noise"
    assert "Trust" not in dict(words.footer(make_report())[1])
