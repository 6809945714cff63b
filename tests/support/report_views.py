"""Views to report on: a slice with an analysis, as the window would hold it, without files or networks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from tests.support.bundle_factory import CARD
from tests.support.slice_factory import make_series, make_slice
from viewer.annotate.mark import COLORS
from viewer.inference.card import parse_card
from viewer.report import report
from viewer.results import AxisMapping, Heatmap, InputMapping, Layer, Prediction, ResultKey, SliceResult
from viewer.session import marks as marking
from viewer.session.resolved_view import ResolvedView
from viewer.session.state import Overlay
from viewer.study import Geometry, Patient, Window

LABELS = ("meningioma", "glioma", "pituitary tumour", "no tumour")
NAME = "DOE^JANE MARIE"
DIGEST = "ab12" * 16
WHEN = datetime(2026, 11, 21, 3, 4, 5, tzinfo=UTC)
LAYER = Layer("block4", "block 4 of 4", (14, 14), 128)


def anatomy(rows: int, cols: int) -> np.ndarray:
    """(rows, cols) int16: a bright ellipse with structure in it, on black."""
    y, x = (np.mgrid[:rows, :cols] + 0.5) / np.array([rows, cols]).reshape(2, 1, 1) - 0.5
    body = 700 * (x**2 / 0.12 + y**2 / 0.17 < 1)
    inside = 200 * np.sin(25 * x) * np.cos(31 * y) + 300 * ((x - 0.12) ** 2 + (y + 0.1) ** 2 < 0.004)
    return (body * (1 + inside / 1000) + (body > 0) * inside).astype(np.int16)


def make_view(
    rows: int = 256,
    cols: int = 256,
    *,
    spacing: tuple[float, float] | None = (0.9, 0.9),
    labels: tuple[str, ...] = LABELS,
    empty: bool = False,
    analysed: bool = True,
    values: np.ndarray | None = None,
    overlay: Overlay | None = None,
    name: str = NAME,
    **changes: Any,
) -> ResolvedView:
    """Slice 12 of 30 of an MR series; `analysed` with evidence for the first label, or `empty` of it."""
    geometry = Geometry((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), spacing, "PixelSpacing")
    slice = make_slice(anatomy(rows, cols) if values is None else values, geometry=geometry, uid="1.2.840.7")
    series = make_series(
        *[slice.header] * 30,
        patient=Patient(name, "ID-4711", "19650102", "F", "061Y"),
        modality="MR",
        description="t1 mprage post gd sag",
        study_description="MR Brain with contrast",
        study_date="20260112",
        institution="Example Hospital",
        body_part="BRAIN",
        series_number=5,
        study_instance_uid="1.2.840.1",
        uid="1.2.840.5",
    )
    fields: dict[str, Any] = {
        "series": series,
        "index": 11,
        "slice": slice,
        "window": None if slice.is_color else Window(500, 1000),
        "letters": ("R", "L", "A", "P"),
        "overlay": overlay or Overlay(),
        "card": _card(labels),
    }
    if analysed:
        fields |= _analysis(slice.header.key, rows, cols, labels, empty=empty)
    return ResolvedView(**(fields | changes))


def _card(labels: tuple[str, ...]) -> Any:
    changes = {
        "title": "Brain tumour on contrast-enhanced T1 MR",
        "intended_use": "Research and teaching: which of three tumours a slice looks like. Not for patients.",
        "labels": list(labels),
        "background": labels[-1],
        "operating_points": dict.fromkeys((label.strip() for label in labels), 0.4),
        "weights": {"sha256": DIGEST},
    }
    return parse_card({**CARD, **changes})


def _analysis(
    key: tuple[str, int], rows: int, cols: int, labels: tuple[str, ...], *, empty: bool
) -> dict[str, Any]:
    chances = np.linspace(1, 0.02, len(labels)).astype(np.float32)
    chances /= chances.sum()
    question = ResultKey(key, DIGEST, labels[0])
    mapping = InputMapping(AxisMapping(rows, 224, 224 / rows, 0.0), AxisMapping(cols, 224, 224 / cols, 0.0))
    y, x = (np.mgrid[:rows, :cols] + 0.5) / np.array([rows, cols]).reshape(2, 1, 1) - 0.5
    values = (2.9 * np.exp(-((x - 0.12) ** 2 + (y + 0.1) ** 2) / 0.012) - 0.2).astype(np.float32)
    if empty:
        values = -np.abs(values)
    heatmap = Heatmap(question, LAYER, values, (float(values.min()), float(values.max())), empty)
    prediction = Prediction(labels, np.log(chances), chances)
    result = SliceResult(
        question,
        prediction,
        (LAYER,),
        {LAYER.name: values},
        mapping,
        np.zeros((1, 224, 224), np.float32),
        "cpu",
    )
    finding = f"{labels[0]} {chances[0]:.2f}"
    return {
        "layers": (LAYER,),
        "layer": LAYER,
        "heatmap": heatmap,
        "heat_range": (0.0, 3.2),
        "prediction": prediction,
        "target": labels[0],
        "result": result,
        "caption": f"Brain tumour 1.0 · {finding} · Grad-CAM · block 4 of 4 · absolute scale",
    }


def make_report(view: ResolvedView | None = None, **options: Any) -> report.Report:
    """The report of a view, made at a fixed time."""
    return report.build(view or make_view(), **({"now": WHEN} | options))


def drawn_on(view: ResolvedView, copies: int = 1) -> ResolvedView:
    """The view with a mark of each kind on its slice, `copies` times, each a little beside the last."""
    series, slice = view.series, view.slice
    assert series is not None and slice is not None
    wide, high = slice.header.cols / 256, slice.header.rows / 256
    marks = []
    for number, (kind, (points, text)) in enumerate(list(DRAWN.items()) * copies):
        shift = 2 * (number // len(DRAWN))
        placed = [((x + shift) * wide, (y + shift) * high) for x, y in points]
        color = tuple(COLORS)[number % len(COLORS)]
        mark = replace(marking.drawn(kind, placed, series, slice.header, text, color), id=f"m{number}")
        marks.append(marking.shown_mark(mark, series, slice.header, slice))
    return replace(view, marks=tuple(mark for mark in marks if mark is not None))


DRAWN: dict[str, tuple[list[tuple[float, float]], str]] = {
    "length": ([(60, 60), (120, 90)], ""),
    "angle": ([(100, 200), (130, 220), (170, 190)], ""),
    "cobb": ([(30, 100), (60, 105), (35, 130), (65, 120)], ""),
    "bidirectional": ([(180, 150), (220, 170), (190, 172), (208, 145)], "target"),
    "ellipse": ([(130, 110), (200, 110), (165, 90), (165, 130)], "lesion"),
    "rectangle": ([(40, 150), (90, 150), (90, 190), (40, 190)], ""),
    "polygon": ([(100, 30), (140, 25), (150, 60), (110, 70)], ""),
    "freehand": ([(200, 200), (220, 205), (215, 225), (198, 220)], ""),
    "probe": ([(128, 140)], ""),
    "arrow": ([(170, 60), (200, 40)], "look here"),
    "text": ([(60, 230)], "A remark of the reader"),
}
"""Kind of mark -> its points on a slice of 256 x 256, and its text."""
