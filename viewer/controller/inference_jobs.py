"""The jobs of the inference runner: load a network; ask it about slices. torch is imported in here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from viewer.errors import GlassboxError, ModelError
from viewer.explain.methods import Method
from viewer.jobs.job import CancelToken, Job, Progress
from viewer.results import Layer, ResultKey, SliceResult
from viewer.study import SliceHeader

if TYPE_CHECKING:
    from viewer.explain.captures import Captures
    from viewer.inference.bundle import ModelBundle
    from viewer.inference.loading import LoadedModel

HOPELESS = 3
"""A network that cannot answer the first few slices is not asked about the rest."""


@dataclass(frozen=True, eq=False)
class Ready:
    """A network that was loaded, its layers, what the window calls its device, and its passes kept for
    another method: touched on the inference thread alone."""

    loaded: LoadedModel
    layers: tuple[Layer, ...]
    device: str
    captures: Captures
    unfit: Mapping[str, str]
    """Method id -> why the network cannot be explained by it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What each slice is explained for: a label (None: its own most probable finding), held against
    another one ("": none), by a method of the CAM family."""

    target: str | None
    against: str
    method: str


@dataclass(frozen=True, eq=False)
class Moved:
    """The network left a device whose memory is full: why, and where it runs now."""

    why: str
    device: str


@dataclass(frozen=True, eq=False)
class Failure:
    """A slice that could not be analysed; `number` is 1-based."""

    header: SliceHeader
    number: int
    reason: str


class Focus:
    """Where the reader is: written by the GUI thread, read by the job (plain values, so no lock)."""

    def __init__(self) -> None:
        self.index = 0
        self.layer = ""


def loading(bundle: ModelBundle, device: str) -> Job:
    """Load a network; its result is `Ready`."""

    def run(token: CancelToken, progress: Progress) -> Ready:
        progress(0, 0)
        from viewer.inference.preload import preload_torch

        preload_torch()
        from viewer.explain.analyse import offered_layers
        from viewer.explain.applicable import unfit
        from viewer.explain.captures import Captures
        from viewer.inference.loading import describe_device, load_model

        token.check()
        loaded = load_model(bundle, device)
        token.check()
        layers = offered_layers(loaded, token.check)
        return Ready(loaded, layers, describe_device(loaded.device), Captures(), unfit(loaded))

    return Job(("load", bundle.digest), "Loading model…", run)


def analysing(
    ready: Ready, slices: Mapping[int, SliceHeader], *, wish: Wish, focus: Focus, title: str
) -> Job:
    """Analyse slices (index -> header), always the one nearest to `focus` next.

    Partial results are `SliceResult`, `Failure` and `Moved`; the result is the list of failures.
    """

    def run(token: CancelToken, progress: Progress) -> list[Failure]:
        from viewer.dicom.pixels import load_slice
        from viewer.explain.analyse import analyse_slice
        from viewer.inference.loading import describe_device

        loaded = ready.loaded
        waiting, failures, told = set(slices), [], loaded.notice
        while waiting:
            token.check()
            index = nearest(waiting, focus.index)
            waiting.remove(index)
            done = len(slices) - len(waiting)
            send = partial(progress, done, len(slices))
            try:
                result = analyse_slice(
                    loaded,
                    load_slice(slices[index]),
                    target=wish.target,
                    against=wish.against,
                    method=wish.method,
                    captures=ready.captures,
                    ahead=(focus.layer, send) if index == focus.index else None,
                    check=token.check,
                )
            except GlassboxError as error:
                failures.append(Failure(slices[index], index + 1, str(error)))
                if isinstance(error, ModelError) and len(failures) == done >= min(HOPELESS, len(slices)):
                    raise
                progress(done, len(slices), failures[-1])
                continue
            if loaded.notice != told:
                told = loaded.notice
                progress(done, len(slices), Moved(told, describe_device(loaded.device)))
            progress(done, len(slices), result)
        return failures

    return Job(("analyse", ready.loaded.bundle.digest, wish), title, run)


def explaining(
    loaded: LoadedModel, header: SliceHeader, key: ResultKey, method: Method, layer: Layer | None
) -> Job:
    """Answer one question by a method with passes of its own, on a twin of the network."""

    def run(token: CancelToken, progress: Progress) -> SliceResult:
        from viewer.dicom.pixels import load_slice
        from viewer.explain.answer import explain_slice
        from viewer.explain.twin import twin_of

        return explain_slice(
            twin_of(loaded),
            load_slice(header),
            method=method.id,
            target=key.target,
            against=key.against,
            layer=layer,
            progress=progress,
            check=token.check,
        )

    return Job(key, method.title, run)


def nearest(waiting: set[int], index: int) -> int:
    """The slice nearest to `index`; of two equally near the one further on, so it goes outwards."""
    return min(waiting, key=lambda i: (abs(i - index), i < index))
