"""The words of the page: header, titles, footer. Pure functions of a Report."""

from __future__ import annotations

from collections.abc import Sequence

from viewer.explain.trust.verdict import AMBER, GREEN, RED, UNDEFINED, TrustLine
from viewer.imaging.colormap import bar_words, map_in_force, number
from viewer.report.report import Analysis, Report
from viewer.session import captions
from viewer.study import Patient

SHORT_DIGEST = 16
Row = tuple[str, str]
_SHOWN = {
    "positive": "for the target alone",
    "negative": "against the target alone, by its magnitude",
    "signed": "for and against the target, nothing drawn at zero",
}


def headline(report: Report) -> str:
    """The patient line, or that there is none."""
    who = report.identity
    if who is None:
        return "De-identified"
    name = captions.patient_name(Patient(who.name)) or "Name not stated"
    born = f"born {captions.date(who.birth_date)}" if who.birth_date else ""
    number = f"ID {who.patient_id}" if who.patient_id else ""
    return _joined(name, who.sex, captions.age(who.age), born, number)


def image_words(report: Report) -> str:
    """Which slice of how many."""
    image = report.image
    frame = f", frame {image.frame + 1}" if image.frame else ""
    return f"Image {image.number} of {image.count}{frame}"


def page_words(report: Report) -> str:
    """ " · page 2 of 3"; empty where there is one page."""
    return f"  ·  page {report.page} of {report.pages}" if report.pages > 1 else ""


def study_words(report: Report) -> tuple[Row, Row]:
    """The lines below the headline: (left, right) each."""
    study, image = report.study, report.image
    series = "Series" if study.series_number is None else f"Series {study.series_number}"
    modality = f"{series}: {study.modality}"
    size = f"{image.rows} × {image.cols}"
    where = (captions.isolated(study.study_description), captions.isolated(study.institution))
    first = _joined(*where) or "No study description"
    described = captions.isolated(study.series_description)
    second = _joined(modality, described, study.body_part, *study.notes[:2])
    date = captions.date(study.study_date) or ("Date removed" if report.deidentified else "Date not stated")
    return (first, date), (second, _joined(study.orientation, size, spacing_words(report)))


def spacing_words(report: Report) -> str:
    """Size of a pixel, and where it is known from if that is not Pixel Spacing."""
    image = report.image
    if image.spacing is None:
        return "pixel size unknown"
    row, col = image.spacing
    source = f" ({image.calibration})" if image.calibration not in ("", "PixelSpacing") else ""
    return f"pixel {row:.3g} × {col:.3g} mm{source}"


def panel_titles(report: Report) -> tuple[str, str]:
    """Above the left and the right picture."""
    analysis = report.analysis
    if analysis is None:
        return "Source", ""
    if analysis.map is None:
        return "Source", f"{analysis.target}: no heatmap"
    sign = captions.SIGNS[analysis.map.overlay.evidence]
    return "Source", f"{analysis.provenance.method}: {sign} {analysis.target}"


def nothing_drawn(report: Report) -> str:
    """Why the right picture looks like the left one; empty where it does not."""
    analysis = report.analysis
    if analysis is None or analysis.map is None:
        return ""
    shown = analysis.map
    what = captions.subject(analysis.target, analysis.against)
    if shown.empty:
        return captions.no_evidence(what, shown.layer, shown.overlay.evidence)
    if report.overlay_sha256 == report.source_sha256 and shown.overlay.opacity > 0:
        return captions.below_threshold(what, shown.layer, shown.overlay.evidence)
    return ""


def footer(report: Report) -> tuple[list[Row], list[Row]]:
    """(name, value) rows of the left and the right column."""
    analysis = report.analysis
    made = report.created.replace("T", " ")
    software = ", ".join(" ".join(pair) for pair in report.software)
    if analysis is None:
        return [("Window", report.display.text), ("Time", made)], [("Software", software)]
    where = analysis.provenance
    left = [
        ("Model", f"{analysis.model_title} ({where.model}) {where.version}"),
        ("SHA-256", f"{where.digest[:SHORT_DIGEST]}…"),
        ("Licence", where.licence),
        ("Intended use", where.intended_use),
        ("Device", f"{where.device.upper() or 'unknown'}, preprocessing {where.preprocessing}"),
        ("Software", software),
        ("Time", made),
    ]
    return left, [*_map_rows(analysis), ("Window", report.display.text)]


def shared_rows(tables: Sequence[Sequence[Row]]) -> list[Row]:
    """The rows that are the same in all of these."""
    return [row for row in tables[0] if all(row in table for table in tables)]


def _map_rows(analysis: Analysis) -> list[Row]:
    shown = analysis.map
    finding = next((one for one in analysis.findings if one.label == analysis.target), None)
    target = (
        analysis.target if finding is None else f"{analysis.target}, probability {finding.probability:.3f}"
    )
    if finding is not None and finding.below:
        target += f", below the model's operating point {finding.point:.3g}"
    rows = [("Method", analysis.provenance.method), ("Target", target)]
    if shown is None:
        return [*rows, ("Layer", "no map shown" if analysis.withheld else "no heatmap")]
    look = shown.overlay
    low, high = (number(value) for value in shown.raw_range)
    top = bar_words(look.evidence, shown.heat_range)[2]
    kind = "relative to this map's own maximum" if look.scale == "relative" else "absolute"
    scale = f"{kind}, top {top} {shown.unit}; this map {low} to {high}"
    if shown.empty:
        scale = f"no {captions.SIGNS[look.evidence]} to scale; this map {low} to {high} {shown.unit}"
    return [
        *rows,
        ("Layer", f"{shown.layer_text} ({shown.layer.name})"),
        ("Evidence", _SHOWN[look.evidence]),
        ("Scale", scale),
        ("Threshold", f"{look.threshold:.0%} of the scale, nothing drawn below"),
        ("Opacity", f"{look.opacity:.0%}"),
        ("Colour map", map_in_force(look.colormap, look.evidence)),
        *([("Trust", trust_words(analysis.trust))] if analysis.trust else []),
    ]


def trust_words(lines: Sequence[TrustLine]) -> str:
    """How many lines are good, and which are not, the worst first."""
    good = sum(line.level == GREEN for line in lines)
    named = {
        level: ", ".join(captions.within(line.title) for line in lines if line.level == level)
        for level in (RED, AMBER, UNDEFINED)
    }
    said = {RED: "bad", AMBER: "doubtful", UNDEFINED: "cannot be told"}
    others = "".join(f"; {said[level]}: {titles}" for level, titles in named.items() if titles)
    return f"{good} of {len(lines)} figures good{others}"


def _joined(*parts: str) -> str:
    return "  ·  ".join(part for part in (" ".join(part.split()) for part in parts) if part)
