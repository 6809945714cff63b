"""What the window would show of a slice, and drawing it where there is no window."""

from __future__ import annotations

import os
from collections.abc import Sequence

from viewer.explain.methods import LAYER, METHODS
from viewer.inference.bundle import ModelBundle
from viewer.results import SliceResult
from viewer.session.analyses import Analyses
from viewer.session.resolve import resolve
from viewer.session.resolved_view import Known, ResolvedView
from viewer.session.state import ViewerState
from viewer.study import Series, Slice, Window

_keep_alive: list[object] = []
"""Qt wants its application object to outlive everything that was drawn."""


def shown(
    state: ViewerState,
    series: Series,
    slice: Slice,
    *,
    result: SliceResult | None = None,
    bundles: Sequence[ModelBundle] = (),
    window: Window | None = None,
    others: Sequence[Series] = (),
) -> ResolvedView:
    """The view of one slice: resolved from its state by the same function as in the window.

    Parameters
    ----------
    result : what the network said of the slice, if it was asked.
    window : of the series, where its slices carry none and the state names none.
    others : of the same study, where the state has marks: they may show on this slice too.
    """
    analyses = Analyses(1 << 30)
    if result is not None:
        analyses.put(result)
        if METHODS[result.key.method].kind == LAYER:
            analyses.put_layers(result.key.model_digest, result.layers)
    problems: dict[tuple[str, int], str] = {}
    known = Known({series.uid: series}, lambda _key: slice, problems, bundles, analyses, {series.uid: window})
    return resolve(state, known)


def need_application() -> None:
    """QtGui draws text and pictures without a display, but not without its application object."""
    from PySide6.QtGui import QGuiApplication

    if QGuiApplication.instance() is None:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        _keep_alive.append(QGuiApplication(["glassbox"]))
