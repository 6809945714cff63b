"""Stand-ins for the packages below the controller: studies, pixels and networks a test holds in its hand.

`Lab` takes the places of `dicom.scan`, `dicom.pixels`, `inference.catalog`, `inference.loading` and of
what asks networks in `explain`: a test decides when a decode ends and what a network says, without torch.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from tests.support.bundle_factory import CARD
from tests.support.slice_factory import make_series, make_slice
from viewer.errors import GlassboxError, PixelError, StudyError
from viewer.explain.methods import DEFAULT, LAYER, METHODS
from viewer.explain.trust.verdict import COSTLY, QUICK, TrustLine
from viewer.inference.bundle import ModelBundle
from viewer.inference.card import parse_card
from viewer.results import AxisMapping, InputMapping, Layer, Prediction, ResultKey, SliceResult, WhatIf
from viewer.study import Box, Geometry, ScanResult, Series, SliceHeader

ROWS, COLS = 24, 32
LAYERS = (Layer("block1", "block 1 of 2", (6, 8), 4), Layer("block2", "block 2 of 2", (3, 4), 8))


def series_of(uid: str, count: int, **fields: Any) -> Series:
    """`count` axial slices of 24 × 32, 2 mm apart; the key of slice i is ("<uid>.<i>", 0)."""
    headers = []
    for i in range(count):
        place = Geometry((0.0, 0.0, 2.0 * i), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (1.0, 1.0), "PixelSpacing")
        values = np.zeros((ROWS, COLS), np.int16)
        headers.append(replace(make_slice(values, geometry=place, uid=f"{uid}.{i}").header))
    return make_series(*headers, **({"uid": uid, "series_instance_uid": uid, "description": uid} | fields))


def bundle_of(name: str = "tiny", **changes: Any) -> ModelBundle:
    """A bundle that needs no files; labels lesion, cyst, nothing."""
    digest = f"{abs(hash(name)):064x}"[-64:]
    card = {**CARD, "name": name, "title": name.title(), "weights": {"sha256": digest}}
    card["layers"] = {"default": "block2"}
    card["operating_points"] = dict.fromkeys(changes.get("labels", card["labels"]), 0.0)
    card["operating_points"] = dict.fromkeys(changes.get("labels", card["labels"]), 0.0)
    return ModelBundle(Path(name), parse_card({**card, **changes}))


@dataclass(eq=False)
class FakeLoaded:
    bundle: ModelBundle
    device: str = "cpu"
    notice: str = ""


@dataclass(eq=False)
class Lab:
    """What the stand-ins do, and what they were asked.

    `findings` maps a slice's SOP Instance UID to the probability of a lesion; `gate` holds every
    analysis until it is set, listening to its check; `decoding` holds every decode, deaf.
    """

    bundles: list[ModelBundle] = field(default_factory=lambda: [bundle_of()])
    refused: list[tuple[Path, str]] = field(default_factory=list)
    scans: dict[str, list[Any]] = field(default_factory=dict)
    """Path -> partial results, the last one is the result; an exception is raised."""
    scan_gate: threading.Event = field(default_factory=threading.Event)
    findings: dict[str, float] = field(default_factory=dict)
    undecodable: set[str] = field(default_factory=set)
    bugs: set[str] = field(default_factory=set)
    hard: dict[str, GlassboxError] = field(default_factory=dict)
    gate: threading.Event = field(default_factory=threading.Event)
    gate_behind: threading.Event = field(default_factory=threading.Event)
    """Held back: what comes after the map on the screen was sent ahead."""
    ahead: list[tuple[str, str]] = field(default_factory=list)
    decoding: threading.Event = field(default_factory=threading.Event)
    loading_fails: Exception | None = None
    load_notice: str = ""
    memory_full_at: int = -1
    decoded: list[str] = field(default_factory=list)
    analysed: list[tuple[str, str | None]] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    explained: list[tuple[str, str]] = field(default_factory=list)
    """(slice, method) of the questions that take passes of their own, `steps` of them each."""
    steps: int = 4
    covering: threading.Event = field(default_factory=threading.Event)
    """Holds every question about a covered slice, deaf."""
    covered: list[tuple[str, Box]] = field(default_factory=list)
    """(slice, box) of those questions."""
    trust: dict[str, str] = field(default_factory=dict)
    """Trust line -> its level, where it is not green."""
    constant: bool = False
    trusted: list[tuple[str, str]] = field(default_factory=list)
    """(slice, layer) of the maps that were looked into."""
    checking: threading.Event = field(default_factory=threading.Event)
    """Holds every check of a map after its first line, listening."""
    unfit: dict[str, str] = field(default_factory=dict)
    explaining_fails: GlassboxError | None = None

    def __post_init__(self) -> None:
        for event in (
            self.scan_gate,
            self.gate,
            self.gate_behind,
            self.decoding,
            self.covering,
            self.checking,
        ):
            event.set()

    def install(self, monkeypatch: Any) -> None:
        class NothingToShow(StudyError):
            skipped = ()

        places = {
            "viewer.dicom.scan": {"scan": self.scan, "NothingToShow": NothingToShow},
            "viewer.dicom.pixels": {
                "load_slice": self.load_slice,
                "load_packed": lambda header: (self.load_slice(header), None),
            },
            "viewer.inference.catalog": {"find_bundles": lambda extra=(): (self.bundles, self.refused)},
            "viewer.inference.preload": {"preload_torch": lambda: False},
            "viewer.inference.loading": {"load_model": self.load_model, "describe_device": str.upper},
            "viewer.explain.analyse": {
                "analyse_slice": self.analyse_slice,
                "offered_layers": lambda loaded, check=None: LAYERS,
            },
            "viewer.explain.answer": {"explain_slice": self.explain_slice},
            "viewer.explain.occluder": {"ask_covered": self.ask_covered},
            "viewer.explain.applicable": {"unfit": lambda loaded: self.unfit},
            "viewer.explain.captures": {"Captures": dict},
            "viewer.explain.twin": {"twin_of": lambda loaded: loaded},
            "viewer.explain.trust.shown": {"shown_of": lambda loaded, result, layer: (result, layer)},
            "viewer.explain.trust.live": {
                "live_lines": lambda result, layer, slice: (self.line("layers"),),
                "region_lines": lambda heatmap, region: (self.line("region-energy"),),
            },
            "viewer.explain.trust.check": {
                "quick_lines": self.quick_lines,
                "costly_lines": self.costly_lines,
            },
        }
        for name, members in places.items():
            module = ModuleType(name)
            vars(module).update(members)
            monkeypatch.setitem(sys.modules, name, module)

    def scan(self, path: Path, *, progress: Any) -> ScanResult:
        steps = self.scans.get(path.name)
        if steps is None:
            raise StudyError("There is nothing at this path.", remedy="Open another one.")
        for i, step in enumerate(steps):
            if isinstance(step, threading.Event):
                while not step.wait(0.002):
                    progress(i, len(steps))
            elif isinstance(step, Exception):
                raise step
            else:
                progress(i, len(steps), step)
        return steps[-1]

    def load_slice(self, header: SliceHeader) -> Any:
        self.decoded.append(header.sop_instance_uid)
        assert self.decoding.wait(10)
        if header.sop_instance_uid in self.bugs:
            raise RuntimeError("a bug")
        if header.sop_instance_uid in self.undecodable:
            raise PixelError("The pixels are damaged.", remedy="Ask for the file again.")
        number = int(header.sop_instance_uid.rsplit(".", 1)[1])
        values = np.arange(ROWS * COLS, dtype=np.int16).reshape(ROWS, COLS) + number
        return replace(make_slice(values), header=header)

    def load_model(self, bundle: ModelBundle, device: str = "auto") -> FakeLoaded:
        self.loaded.append(bundle.card.name)
        if self.loading_fails is not None:
            raise self.loading_fails
        return FakeLoaded(bundle, notice=self.load_notice)

    def analyse_slice(
        self,
        loaded: FakeLoaded,
        slice: Any,
        *,
        target: str | None,
        check: Any,
        against: str = "",
        method: str = DEFAULT,
        captures: Any = None,
        ahead: Any = None,
    ) -> SliceResult:
        uid = slice.header.sop_instance_uid
        while not self.gate.wait(0.002):
            check()
        check()
        if len(self.analysed) == self.memory_full_at:
            loaded.device, loaded.notice = (
                "cpu",
                "The memory of the GPU is full, so the model runs on the CPU.",
            )
        self.analysed.append((uid, target))
        if uid in self.hard:
            raise self.hard[uid]
        lesion = self.findings.get(uid, 0.1)
        labels = loaded.bundle.card.labels
        chances = self._chances(uid)
        explained = target or labels[int(np.argmax(chances[:2]))]
        sign = -1.0 if lesion < 0.01 else 1.0
        cams = {layer.name: sign * np.full(layer.grid, lesion, np.float32) for layer in LAYERS}
        mapping = InputMapping(AxisMapping(ROWS, 48, 2.0, 0.0), AxisMapping(COLS, 64, 2.0, 0.0))
        result = SliceResult(
            key=ResultKey(slice.header.key, loaded.bundle.digest, explained, method, against),
            prediction=Prediction(labels, np.log(chances), chances),
            layers=LAYERS,
            cams=cams,
            mapping=mapping,
            input=np.zeros((1, 48, 64), np.float32),
            device=loaded.device,
        )
        if ahead is not None and ahead[0] in cams:
            self.ahead.append((uid, ahead[0]))
            ahead[1](replace(result, cams={ahead[0]: cams[ahead[0]]}))
            while not self.gate_behind.wait(0.002):
                check()
        return result

    def explain_slice(
        self,
        loaded: FakeLoaded,
        slice: Any,
        *,
        method: str,
        target: str,
        against: str,
        layer: Layer | None,
        progress: Any,
        check: Any,
    ) -> SliceResult:
        self.explained.append((slice.header.sop_instance_uid, method))
        for done in range(self.steps):
            progress(done, self.steps)
            while not self.gate.wait(0.002):
                check()
        if self.explaining_fails is not None:
            raise self.explaining_fails
        place = layer or Layer("input", "network input", (48, 64), 1)
        chances = self._chances(slice.header.sop_instance_uid)
        return SliceResult(
            key=ResultKey(
                slice.header.key,
                loaded.bundle.digest,
                target,
                method,
                against,
                place.name if METHODS[method].kind == LAYER else "",
            ),
            prediction=Prediction(loaded.bundle.card.labels, np.log(chances), chances),
            layers=(place,),
            cams={place.name: np.full(place.grid, 0.2, np.float32)},
            mapping=InputMapping(AxisMapping(ROWS, 48, 2.0, 0.0), AxisMapping(COLS, 64, 2.0, 0.0)),
            input=np.zeros((1, 48, 64), np.float32),
            device=loaded.device,
            notes=("A note of the method.",),
        )

    def line(self, id: str) -> TrustLine:
        level = self.trust.get(id, "green")
        return TrustLine(id, id.title(), level, "0.90", "chance 0.10", f"About {id}.", 0.9, 0.1)

    def quick_lines(self, shown: tuple[SliceResult, str], check: Any, *, weights_known: Any) -> Any:
        self.trusted.append((shown[0].key.slice[0], shown[1]))
        return SimpleNamespace(constant=self.constant, lines=tuple(self.line(id) for id in QUICK))

    def costly_lines(self, shown: Any, progress: Any, check: Any) -> Iterator[TrustLine]:
        for done, id in enumerate(COSTLY):
            progress(done, len(COSTLY))
            while done and not self.checking.wait(0.002):
                check()
            yield self.line(id)

    def ask_covered(self, loaded: FakeLoaded, slice: Any, box: Box) -> WhatIf:
        """The lesion is as probable as before, times the share of the columns right of the box."""
        uid = slice.header.sop_instance_uid
        self.covered.append((uid, box))
        assert self.covering.wait(10)
        if uid in self.hard:
            raise self.hard[uid]
        chances = self._chances(uid) * np.array([1 - box.right / COLS, 1, 1], np.float32)
        prediction = Prediction(loaded.bundle.card.labels, np.log(chances), chances)
        return WhatIf(slice.header.key, loaded.bundle.digest, box, prediction)

    def _chances(self, uid: str) -> np.ndarray:
        lesion = self.findings.get(uid, 0.1)
        return np.array([lesion, (1 - lesion) / 4, 3 * (1 - lesion) / 4], np.float32)
