"""Golden checks on this machine, for `glassbox verify`: is what it computes here what it should be?

The sample study has one nodule whose place is known (truth.json); the network phantom-lesion was
trained on its kind. Each check is one line: what was looked at, whether it holds, what was found.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from viewer import resources
from viewer.errors import GlassboxError, StudyError
from viewer.study import Geometry, Series, Slice, SliceHeader, Source, Window

if TYPE_CHECKING:
    from viewer.inference.loading import LoadedModel
    from viewer.results import SliceResult

MODEL = "phantom-lesion"

WINDOW_POINTS: tuple[tuple[Window, float, int], ...] = (
    (Window(2048, 4096), 0, 0),
    (Window(2048, 4096), 4095, 255),
    (Window(40, 400), -160.5, 0),
    (Window(40, 400), 239.5, 255),
    (Window(40, 1), 39.0, 0),
    (Window(40, 1), 40.0, 255),
    (Window(40, 400, "LINEAR_EXACT"), -160, 0),
    (Window(40, 400, "LINEAR_EXACT"), 240, 255),
    (Window(40, 400, "LINEAR_EXACT"), 0, 102),
    (Window(40, 400, "SIGMOID"), 1e4, 255),
    (Window(40, 400, "SIGMOID"), 140, 186),
)
"""Window, modality value, grey level: the formulas of PS3.3 C.11.2.1.2 and C.11.2.1.3, by hand."""


FILES = ("little-endian", "big-endian", "rle", "jpeg-lossless", "jpeg-ls", "jpeg-2000")
"""Files of resources/verification: one pattern, each otherwise encoded and without loss."""


def pattern() -> np.ndarray:
    """(48, 64) uint16, 0 to 4095: ramps, a checkerboard and noise of a formula, so that every bit counts."""
    rows, cols = np.mgrid[:48, :64]
    mixed = (rows * 37 + cols * 101 + rows * cols * 7) % 4096
    checked = np.where((rows // 8 + cols // 8) % 2, mixed, cols * 65)
    return checked.astype(np.uint16)


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the answer: what was checked, whether it holds, and what was found."""

    name: str
    ok: bool
    detail: str


STEPS = 8


def steps() -> Iterator[list[Check]]:
    """The checks, group after group, `STEPS` of them; a check that cannot run has failed and says why."""
    yield _weights()
    yield _guarded("decoding", _decoding)
    yield _guarded("codecs of the site", _site_codecs)
    yield _guarded("window formulas", _windows)
    yield _guarded("geometry of the sample", _geometry)
    yield _guarded("overlay placing", _placing)
    yield _guarded("network on the sample", _network)
    yield _guarded("report of the sample", _report)


def verify() -> list[Check]:
    """All checks at once."""
    return [check for group in steps() for check in group]


def _guarded(name: str, run: Callable[[], list[Check]]) -> list[Check]:
    try:
        return run()
    except (GlassboxError, OSError, ImportError, ValueError) as error:
        return [Check(name, False, str(error))]


def _weights() -> list[Check]:
    """Every bundle that ships can be read, and its weights are the ones its card describes."""
    from viewer.inference.catalog import find_bundles

    bundles, refused = find_bundles(())
    checks = [Check(f"model {path.name}", False, reason) for path, reason in refused]
    for bundle in bundles:
        try:
            bundle.verify()
            checks.append(
                Check(f"weights of {bundle.card.name}", True, f"SHA-256 {bundle.weights_digest[:12]}… holds")
            )
        except GlassboxError as error:
            checks.append(Check(f"weights of {bundle.card.name}", False, str(error)))
    return checks or [Check("models", False, "No model ships with this copy of Glassbox.")]


def _decoding() -> list[Check]:
    """What comes out of every kind of compression is what went in, bit for bit."""
    from viewer.dicom.pixels import load_slice
    from viewer.dicom.scan import scan

    checks, expected = [], pattern()
    found = {one.description: one for one in scan(resources.verification()).series}
    for name in FILES:
        if name not in found:
            checks.append(Check(f"decoding {name}", False, "Its file is missing or cannot be read."))
            continue
        try:
            values = load_slice(found[name].slices[0]).values
        except GlassboxError as error:
            checks.append(Check(f"decoding {name}", False, str(error)))
            continue
        same = values.shape == expected.shape and bool(np.array_equal(values, expected))
        detail = (
            f"{values.size} pixels, all as they were encoded" if same else "other pixels than were encoded"
        )
        checks.append(Check(f"decoding {name}", same, detail))
    return checks


def _site_codecs() -> list[Check]:
    """Every decoder that the administrator added can be loaded; none where nothing was added."""
    from viewer.dicom import site_codecs
    from viewer.dicom.dataset import syntax_name
    from viewer.dicom.processes import POOL

    offered = site_codecs.offered()
    checks = [Check("codecs of the site", False, problem) for problem in offered.problems]
    for syntax, decoder in sorted(offered.decoders.items()):
        name = f"codec for {syntax_name(syntax)}"
        try:
            POOL.load(decoder)
        except GlassboxError as error:
            checks.append(Check(name, False, str(error)))
        else:
            checks.append(Check(name, True, f"{decoder.title}, of this site, can be loaded"))
    return checks


def _windows() -> list[Check]:
    from viewer.imaging.window import apply_window

    wrong = []
    for window, value, grey in WINDOW_POINTS:
        found = int(apply_window(np.array([[value]], np.float32), window)[0, 0])
        if found != grey:
            name = f"{window.function} C {window.center:g} W {window.width:g}"
            wrong.append(f"{name} at {value:g} gave {found}, not {grey}")
    return [
        Check(
            "window formulas",
            not wrong,
            "; ".join(wrong) or f"{len(WINDOW_POINTS)} points as in PS3.3 C.11.2.1",
        )
    ]


def _geometry() -> list[Check]:
    """The sample's slices are in order along the body, 5 mm apart, and lie where they were put."""
    from viewer.dicom.geometry import orientation_letters, to_patient

    series, truth = _sample(), _truth()
    heights = [header.geometry.position[2] for header in series.slices if header.geometry.position]
    steps = np.abs(np.diff(heights))
    ordered = len(heights) == len(series.slices) and len(set(np.sign(np.diff(heights)))) == 1
    even = bool(steps.size) and bool(np.allclose(steps, truth["slice_mm"]))
    geometry = series.slices[0].geometry
    letters = orientation_letters(geometry)
    point = to_patient(geometry, 1.0, 2.0)
    origin = np.array(geometry.position or (np.nan,) * 3)
    expected = origin + np.array([2 * truth["pixel_mm"], truth["pixel_mm"], 0.0])
    placed = point is not None and bool(np.allclose(point, expected))
    return [
        Check(
            "slice order and distance", ordered and even, f"{len(heights)} slices, {steps.mean():g} mm apart"
        ),
        Check(
            "orientation", letters == ("R", "L", "A", "P"), "left, right, top, bottom: " + " ".join(letters)
        ),
        Check("pixel to patient", placed, "row and column steps as PS3.3 C.7.6.2.1.1"),
    ]


def _placing() -> list[Check]:
    """A bright pixel comes back, through fit, flip and pixels that are not square, where it was."""
    from viewer.explain.heatmap import to_slice
    from viewer.inference.card import CardInput
    from viewer.inference.preprocess import prepare

    worst = 0.0
    geometry = Geometry(spacing=(2.0, 0.8), calibration="PixelSpacing")
    spots = ((20, 60), (60, 130), (95, 180))
    for fit in ("letterbox", "crop", "stretch"):
        for flip in (False, True):
            card = CardInput((192, 192), fit=fit, flip=flip, normalisation="window", center=0.5, width=1.0)
            for row, col in spots:
                values = np.zeros((120, 240), np.float32)
                values[row, col] = 1.0
                seen, mapping = prepare(_plane(values, geometry), card)
                cells = seen[0].reshape(12, 16, 12, 16).mean((1, 3))
                found = np.unravel_index(int(to_slice(cells, mapping).argmax()), values.shape)
                strides = (16 / abs(mapping.rows.scale), 16 / abs(mapping.cols.scale))
                worst = max(worst, abs(found[0] - row) / strides[0], abs(found[1] - col) / strides[1])
    return [
        Check(
            "overlay placing", bool(worst <= 1.0), f"18 markers, worst {worst:.2f} of one network stride off"
        )
    ]


def _network() -> list[Check]:
    """phantom-lesion finds the nodule where it was planted, and nowhere else."""
    from viewer.dicom.geometry import to_patient
    from viewer.dicom.pixels import load_slice
    from viewer.inference.catalog import find_bundle
    from viewer.inference.loading import describe_device, load_model

    series, truth = _sample(), _truth()
    with_nodule, without = _nodule_and_clear(series, truth)
    loaded = load_model(find_bundle(MODEL))
    lesion = load_slice(with_nodule)
    found, clear = _ask(loaded, lesion), _ask(loaded, load_slice(without))
    here, there = _chance(found), _chance(clear)
    row, col, cell_mm = _peak(found, with_nodule)
    at, planted = (
        to_patient(with_nodule.geometry, row, col),
        to_patient(with_nodule.geometry, truth["row"], truth["col"]),
    )
    apart = float(np.linalg.norm(np.subtract(at, planted))) if at and planted else float("nan")
    device = describe_device(loaded.device)
    checks = [
        Check(
            "finding on the sample",
            here >= 0.9 and there <= 0.1,
            f"{found.key.target} {here:.3f} with it, {there:.3f} without, on {device}",
        ),
        Check(
            "map on the sample",
            apart <= cell_mm,
            f"peak {apart:.1f} mm from the nodule; one cell is {cell_mm:.1f} mm",
        ),
    ]
    if loaded.device != "cpu":
        checks.append(
            _against_cpu(
                found, _ask(load_model(loaded.bundle, "cpu"), lesion), describe_device(loaded.device)
            )
        )
    return checks


def _report() -> list[Check]:
    """The page of a slice holds its picture as the window formula gives it, and reads back as written."""
    import tempfile

    from viewer.dicom.pixels import load_slice
    from viewer.imaging.window import apply_window
    from viewer.report import document, report
    from viewer.session.resolved_view import ResolvedView

    series = _sample()
    plane, window = load_slice(series.slices[0]), Window(-600, 1500)
    made = report.build(ResolvedView(series=series, slice=plane, window=window))
    grey = apply_window(plane.values, window).astype(np.uint32)
    same = made.pictures is not None and np.array_equal(made.pictures.source & 0xFFFFFF, grey * 0x010101)
    with tempfile.TemporaryDirectory(prefix="glassbox-") as folder:
        path = Path(folder) / "page.png"
        document.save([document.Document((made,))], [path])
        back = document.read(path)
    whole = back.reports == (made,)
    return [
        Check("picture on the report", same, f"{grey.size} pixels as PS3.3 C.11.2.1 gives them"),
        Check("report read back", whole, "the page holds everything to draw it again"),
    ]


def _against_cpu(found: SliceResult, reference: SliceResult, device: str) -> Check:
    """Probabilities within 1e-3 and maps with Pearson r >= 0.999 of the CPU's."""
    gap = float(np.abs(found.prediction.probabilities - reference.prediction.probabilities).max())
    likeness = min(
        float(np.corrcoef(found.cams[layer.name].ravel(), reference.cams[layer.name].ravel())[0, 1])
        for layer in found.layers
    )
    detail = f"probabilities differ by {gap:.1e}, maps correlate with r {likeness:.5f}"
    return Check(f"{device} against CPU", gap <= 1e-3 and likeness >= 0.999, detail)


def _ask(loaded: LoadedModel, plane: Slice) -> SliceResult:
    from viewer.explain.analyse import analyse_slice

    return analyse_slice(loaded, plane)


def _chance(result: SliceResult) -> float:
    return float(result.prediction.probabilities[result.prediction.labels.index(result.key.target)])


def _peak(result: SliceResult, header: SliceHeader) -> tuple[float, float, float]:
    """Row and column of the last layer's strongest evidence, and the size of its cells in mm."""
    from viewer.explain.heatmap import make_heatmap

    layer = result.layers[-1]
    values = make_heatmap(result, layer.name).values
    row, col = np.unravel_index(int(values.argmax()), values.shape)
    per_cell = result.mapping.cols.input_size / layer.grid[1] / abs(result.mapping.cols.scale)
    return float(row), float(col), per_cell * (header.geometry.spacing or (1.0, 1.0))[1]


def _nodule_and_clear(series: Series, truth: dict[str, float]) -> tuple[SliceHeader, SliceHeader]:
    """The slice through the middle of the nodule, and the one farthest from it.

    truth.json counts slices from the head, where z is largest.
    """
    height = max(h.geometry.position[2] for h in series.slices if h.geometry.position)
    height -= truth["slice"] * truth["slice_mm"]

    def apart(header: SliceHeader) -> float:
        return abs(header.geometry.position[2] - height) if header.geometry.position else float("inf")

    return min(series.slices, key=apart), max(series.slices, key=apart)


def _sample() -> Series:
    from viewer.dicom.scan import scan

    series: Sequence[Series] = scan(resources.sample()).series
    if not series:
        raise StudyError("The sample study is missing.", remedy="Install Glassbox again.")
    return series[0]


def _truth() -> dict[str, float]:
    path = next(iter(sorted(resources.sample().rglob("truth.json"))), None)
    if path is None:
        raise StudyError("The sample study's truth.json is missing.", remedy="Install Glassbox again.")
    return json.loads(path.read_text(encoding="utf-8"))


def _plane(values: np.ndarray, geometry: Geometry) -> Slice:
    rows, cols = values.shape
    header = SliceHeader(Source(Path()), "1", 0, rows, cols, "MONOCHROME2", 1, None, geometry, "")
    return Slice(header, values)
