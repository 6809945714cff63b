"""The words in and around the picture: corner text, caption, notes. Pure functions of what is shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from viewer.dicom.identity import safe_text
from viewer.explain.methods import METHODS, Method
from viewer.imaging.scale_bar import millimetres
from viewer.results import AxisMapping, Heatmap, InputMapping, Layer, Prediction, ResultKey
from viewer.study import Geometry, Patient, Series, Slice, SliceHeader, Window

if TYPE_CHECKING:
    from viewer.explain.trust.verdict import TrustLine
    from viewer.inference.card import Card

_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")


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
    description = "" if deidentified else isolated(series.description)
    what = [
        f"{series.modality}  {description}".strip(),
        f"{number}Im {index + 1}/{len(series.slices)}",
        *series.notes[:2],
        *series.warnings[:2],
    ]
    if deidentified and slice is not None:
        slice, window = _without_free_text(slice, window)
    look = [window_text(slice, window, voi_lut), "inverted" if inverted else ""]
    if slice is not None and slice.no_suv:
        look.insert(0, f"no SUV: {slice.no_suv}")
    where = [series.orientation, position_text(header.geometry)]
    return _lines(who), _lines(what), _lines(look), _lines(where)


def _without_free_text(slice: Slice, window: Window | None) -> tuple[Slice, Window | None]:
    """The same with explanations of the file only where they describe an examination."""
    luts = tuple(replace(lut, explanation=safe_text(lut.explanation)) for lut in slice.luts)
    if window is not None and window in slice.windows:
        window = replace(window, explanation=safe_text(window.explanation))
    return replace(slice, luts=luts), window


def _lines(lines: list[str]) -> str:
    return "\n".join(line for line in lines if line)


def patient_lines(patient: Patient) -> list[str]:
    """Name; sex and age; identifier."""
    return [
        patient_name(patient),
        " ".join(part for part in (patient.sex, age(patient.age)) if part),
        f"ID {patient.patient_id}" if patient.patient_id else "",
    ]


def patient_name(patient: Patient) -> str:
    """The name in all its scripts, in one line."""
    name = patient.name.replace("^", " ").strip()
    return " · ".join(isolated(script.strip()) for script in name.split(" · "))


def isolated(text: str) -> str:
    """Text from a file as a unit of its own: Arabic or Hebrew must not turn the rest of its line around.

    The isolates of Unicode (UAX #9) are invisible, and only set where they are needed.
    """
    return f"\u2068{text}\u2069" if _RIGHT_TO_LEFT.search(text) else text


def age(text: str) -> str:
    """ "061Y" -> "61 y" (PS3.5 value representation AS); anything else as it is."""
    match = re.fullmatch(r"0*(\d+)([DWMY])", text.strip())
    return f"{match[1]} {match[2].lower()}" if match else text


def date(text: str) -> str:
    """ "20260112" -> "2026-01-12"; anything else as it is."""
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if re.fullmatch(r"\d{8}", text) else text


def window_text(slice: Slice | None, window: Window | None, voi_lut: int | None) -> str:
    """ "W 400 L 40", or the name of the VOI LUT; of PET also what the window spans: "SUV 0.00 to 5.00"."""
    if slice is not None and voi_lut is not None and voi_lut < len(slice.luts):
        return f"LUT {slice.luts[voi_lut].explanation or voi_lut + 1}"
    if window is None:
        return ""
    name = f"  {window.explanation}" if window.explanation else ""
    numbers = f"W {_short(window.width)} L {_short(window.center)}"
    if slice is not None and slice.suv is not None:
        low, high = (window.center + side * window.width / 2 for side in (-1, 1))
        numbers += f"  {suv_text(low * slice.suv)} to {high * slice.suv:.2f}"
    return numbers.replace("-", "−") + name


def modality_text(value: float, unit: str, integer: bool, suv: float | None = None) -> str:
    """A modality value as one reads it: "−12 HU", "0.031", "1432 counts", "SUV 2.31 · 12345 Bq/ml".

    `suv` turns it into SUV by body weight, where that is known.
    """
    plain = f"{f'{value:.0f}' if integer else _short(value)} {unit}".strip()
    if suv is not None:
        plain = suv_text(value * suv) if unit == "SUV" else f"{suv_text(value * suv)} · {plain}"
    return plain.replace("-", "−")


def _short(value: float) -> str:
    """Four digits, and never an exponent for a large number."""
    return f"{value:.0f}" if 1000 <= abs(value) < 1e12 else f"{value:.4g}"


def suv_text(value: float) -> str:
    return f"SUV {value:.2f}"


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
    unit = millimetres(geometry.calibration) if geometry.spacing else "px"
    sizes = [
        cell_size(mapping.rows, layer.grid[0]) * spacing[0],
        cell_size(mapping.cols, layer.grid[1]) * spacing[1],
    ]
    words = [f"{size:.2g}" if size < 10 else f"{size:.0f}" for size in sizes]
    return f"{text} · one cell = {words[0] if words[0] == words[1] else '×'.join(words)} {unit}"


def cell_size(axis: AxisMapping, cells: int) -> float:
    """Slice pixels that one cell of a grid covers along an axis."""
    return axis.input_size / cells / abs(axis.scale)


def asked(key: ResultKey) -> str:
    """ "Grad-CAM", or of a contrast "Grad-CAM, glioma minus meningioma"."""
    title = METHODS[key.method].title
    return f"{title}, {key.target} minus {key.against}" if key.against else title


def caption(
    card: Card, prediction: Prediction, heatmap: Heatmap, *, text: str, scale: str, sign: str = ""
) -> str:
    """Model, finding and probability, method, layer (`text`), sign, scale: never a picture without it."""
    key = heatmap.key
    probability = float(prediction.probabilities[prediction.labels.index(key.target)])
    point = card.operating_point(key.target)
    chance = f"{probability:.2f}"
    if probability < point:
        chance = "{} (below {})".format(*distinct(probability, point))
    relative = "relative scale (this map's own maximum)"
    words = relative if scale == "relative" else "absolute scale"
    words = f"{sign} · {words}" if sign else words
    return f"{card.title} {card.version} · {key.target} {chance} · {asked(key)} · {text} · {words}"


SIGNS = {"positive": "evidence for", "negative": "evidence against", "signed": "evidence for and against"}


def sign_words(evidence: str, wished: str) -> str:
    """Which evidence the colours are, where that is not what is shown without a wish."""
    if evidence != wished:
        return "nothing against by this method"
    return "" if evidence == "positive" else SIGNS[evidence]


def subject(target: str, against: str) -> str:
    """What the evidence is about: a label, or one label over another."""
    return f"{target} over {against}" if against else target


def no_evidence(what: str, layer: Layer, evidence: str = "positive") -> str:
    """No evidence of the sign asked for; `what` is a `subject`."""
    kind = {"negative": "evidence against", "signed": "evidence for or against"}
    return f"No {kind.get(evidence, 'positive evidence for')} {what} in {layer.title}."


def below_threshold(what: str, layer: Layer, evidence: str = "positive") -> str:
    return f"The {SIGNS[evidence]} {what} in {layer.title} lies below the threshold everywhere."


def withheld(card: Card, prediction: Prediction, target: str) -> str:
    """Why no map is shown of a finding that the model itself does not count as found."""
    probability = prediction.probabilities[prediction.labels.index(target)]
    chance, point = distinct(float(probability), card.operating_point(target))
    return f"{target} {chance} is below this model's operating point {point}: no map is shown."


def distinct(probability: float, point: float) -> tuple[str, str]:
    """Both with two decimals, or as many as it takes to tell them apart."""
    for digits in range(2, 7):
        texts = f"{probability:.{digits}f}", f"{point:.{digits}f}"
        if texts[0] != texts[1]:
            break
    return texts


def only_relative(card: Card, method: Method) -> str:
    """Why a map has no absolute scale."""
    if not method.unit:
        return f"{method.title} has no absolute scale: its values only rank the places of one map."
    return f"The card of {card.title} fixes no absolute scale for {method.title} in this layer."


def only_positive(method: Method) -> str:
    return f"{method.title} tells nothing of evidence against."


def within(title: str) -> str:
    """A title within a sentence: "Deletion" -> "deletion", but "IoU" as it is."""
    return title if title[1:2].isupper() or title[2:3].isupper() else title[:1].lower() + title[1:]


def greyed(unread: Sequence[TrustLine]) -> tuple[str, ...]:
    """Why the heatmap is grey, if it is: the titles of the amber and red lines not looked at yet."""
    if not unread:
        return ()
    named = ", ".join(within(line.title) for line in unread[:3])
    more = f" and {len(unread) - 3} more" if len(unread) > 3 else ""
    return (f"Grey until you look under Trust: {named}{more}.",)


def overlay_note(
    *,
    outside: tuple[str, ...],
    heatmap: Heatmap | None,
    evidence: str = "positive",
    faint: bool = False,
    withheld: str = "",
    awaited: str = "",
    notes: tuple[str, ...] = (),
) -> str:
    """In words, what the colours alone would not say; empty if there is nothing.

    `evidence` is the sign shown. `faint`: the heatmap has such evidence, all of it below the threshold.
    `withheld` says why there is no map although there could be one. `awaited` is the title of a method
    whose map of this slice is not there yet; `notes` come with the result.
    """
    sentences = []
    if outside:
        sentences.append(f"Outside the model's domain: {' '.join(outside)}")
    if heatmap is not None and (heatmap.lacks(evidence) or faint):
        what = subject(heatmap.key.target, heatmap.key.against)
        say = no_evidence if heatmap.lacks(evidence) else below_threshold
        sentences.append(say(what, heatmap.layer, evidence))
    if withheld:
        return "\n".join([*sentences, withheld])
    if awaited:
        sentences.append(f"{awaited}: there is no map of this slice yet.")
    return "\n".join([*sentences, *notes])
