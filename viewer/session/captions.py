"""The words in and around the picture: corner text, caption, notes. Pure functions of what is shown."""

from __future__ import annotations

import re

import numpy as np

from viewer.inference.card import Card
from viewer.results import AxisMapping, Heatmap, InputMapping, Layer, Prediction
from viewer.study import Geometry, Patient, Series, Slice, SliceHeader, Window

METHODS = {"grad-cam": "Grad-CAM"}
"""Method in a result's key -> as it is written for a reader."""


def corners(
    series: Series,
    header: SliceHeader,
    index: int,
    *,
    slice: Slice | None,
    window: Window | None,
    voi_lut: int | None,
    inverted: bool,
    deidentified: bool,
) -> tuple[str, str, str, str]:
    """Multi-line text for top left, top right, bottom left and bottom right."""
    who = ["De-identified"] if deidentified else [*patient_lines(series.patient), date(series.study_date)]
    number = f"Se {series.series_number}  " if series.series_number is not None else ""
    description = "" if deidentified else series.description
    what = [
        f"{series.modality}  {description}".strip(),
        f"{number}Im {index + 1}/{len(series.slices)}",
        *series.notes[:2],
    ]
    look = [window_text(slice, window, voi_lut), "inverted" if inverted else ""]
    where = [series.orientation, position_text(header.geometry)]
    return _lines(who), _lines(what), _lines(look), _lines(where)


def _lines(lines: list[str]) -> str:
    return "\n".join(line for line in lines if line)


def patient_lines(patient: Patient) -> list[str]:
    """Name; sex and age; identifier."""
    return [
        patient.name.replace("^", " ").strip(),
        " ".join(part for part in (patient.sex, age(patient.age)) if part),
        f"ID {patient.patient_id}" if patient.patient_id else "",
    ]


def age(text: str) -> str:
    """ "061Y" -> "61 y" (PS3.5 value representation AS); anything else as it is."""
    match = re.fullmatch(r"0*(\d+)([DWMY])", text.strip())
    return f"{match[1]} {match[2].lower()}" if match else text


def date(text: str) -> str:
    """ "20260112" -> "2026-01-12"; anything else as it is."""
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if re.fullmatch(r"\d{8}", text) else text


def window_text(slice: Slice | None, window: Window | None, voi_lut: int | None) -> str:
    """ "W 400 L 40", or the name of the VOI LUT."""
    if slice is not None and voi_lut is not None and voi_lut < len(slice.luts):
        return f"LUT {slice.luts[voi_lut].explanation or voi_lut + 1}"
    if window is None:
        return ""
    name = f"  {window.explanation}" if window.explanation else ""
    numbers = f"W {window.width:.4g} L {window.center:.4g}".replace("-", "−")
    return numbers + name


def position_text(geometry: Geometry) -> str:
    """Where the slice lies along its own normal, in mm; empty if unknown."""
    if geometry.position is None or geometry.normal is None:
        return ""
    return f"{float(np.dot(geometry.position, geometry.normal)):.1f} mm".replace("-", "−")


def layer_text(layer: Layer, mapping: InputMapping | None = None, geometry: Geometry | None = None) -> str:
    """ "block 3 of 4 · 14×14 · one cell = 11 mm"; in pixels ("px") where no spacing is known."""
    text = f"{layer.title} · {layer.grid[0]}×{layer.grid[1]}"
    if mapping is None or geometry is None:
        return text
    spacing = geometry.spacing or (1.0, 1.0)
    unit = "mm" if geometry.spacing else "px"
    sizes = [
        cell_size(mapping.rows, layer.grid[0]) * spacing[0],
        cell_size(mapping.cols, layer.grid[1]) * spacing[1],
    ]
    words = [f"{size:.2g}" if size < 10 else f"{size:.0f}" for size in sizes]
    return f"{text} · one cell = {words[0] if words[0] == words[1] else '×'.join(words)} {unit}"


def cell_size(axis: AxisMapping, cells: int) -> float:
    """Slice pixels that one cell of a grid covers along an axis."""
    return axis.input_size / cells / abs(axis.scale)


def caption(card: Card, prediction: Prediction, heatmap: Heatmap, *, text: str, scale: str) -> str:
    """Model, finding and probability, method, layer (`text`), scale: never a picture without it."""
    key = heatmap.key
    probability = prediction.probabilities[prediction.labels.index(key.target)]
    method = METHODS.get(key.method, key.method)
    relative = "relative scale (this map's own maximum)"
    words = relative if scale == "relative" else "absolute scale"
    return f"{card.title} {card.version} · {key.target} {probability:.2f} · {method} · {text} · {words}"


def no_evidence(target: str, layer: Layer) -> str:
    return f"No positive evidence for {target} in {layer.title}."


def below_threshold(target: str, layer: Layer) -> str:
    return f"The evidence for {target} in {layer.title} lies below the threshold everywhere."


def overlay_note(*, outside: tuple[str, ...], heatmap: Heatmap | None, faint: bool = False) -> str:
    """In words, what the colours alone would not say; empty if there is nothing.

    `faint`: the heatmap has evidence, all of it below the threshold.
    """
    notes = []
    if outside:
        notes.append(f"Outside the model's domain: {' '.join(outside)}")
    if heatmap is not None and heatmap.empty:
        notes.append(no_evidence(heatmap.key.target, heatmap.layer))
    elif heatmap is not None and faint:
        notes.append(below_threshold(heatmap.key.target, heatmap.layer))
    return "\n".join(notes)
