"""Whether a report still holds: what can be worked out again, of the same study by the same model, is held
against it.

So a page drawn again is the one that was exported or none, whatever was done to the file meanwhile.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from viewer.errors import ReportError
from viewer.report.asked import printable
from viewer.report.report import Report

CLOSE = 1e-4
"""How much figures of the same network may differ, as a part of their size: other devices and libraries
round in another order."""

_STUDY = {
    "source_sha256": "the pixels of the image",
    "identity": "the patient",
    "study": "the description of the study",
    "image": "the place and size of the image",
    "display": "the window",
}
_NETWORK = {
    "overlay_sha256": "the colours of the heatmap",
    "analysis.findings": "the probabilities",
    "analysis.map": "the heatmap",
    "analysis": "what is said of the model",
    "marks": "the marks",
    "disclaimer": "the disclaimer",
}
_NOT_COMPARED = frozenset(
    {
        "created",
        "software",
        "comment",
        "schema",
        "page",
        "pages",
        "deidentified",
        "pictures",
        "analysis.trust",
        "analysis.note",
        "analysis.provenance.device",
        "analysis.provenance.software",
    }
)
"""What was so when the report was made, what the reader wrote, and lines that take minutes to work out."""
_WORDS = (
    "display.text",
    "disclaimer",
    "study.notes",
    "analysis.model_title",
    "analysis.provenance.licence",
    "analysis.provenance.intended_use",
    "analysis.provenance.method",
    "analysis.outside",
    "analysis.withheld",
    "analysis.map.layer_text",
    "analysis.map.caption",
)
"""What another version of Glassbox may put in other words: compared only where it is the same one."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """What a report says and its study and network do not, in words; empty tuples where all agrees."""

    study: tuple[str, ...] = ()
    network: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.study or self.network)


def compare(recorded: Report, again: Report) -> Disagreement:
    """Hold a report against the one made again of the same study, by the same model."""
    same_version = dict(recorded.software).get("glassbox") == dict(again.software).get("glassbox")
    found = [
        path
        for path in _differing(recorded, again, "")
        if same_version or not any(_within(path, words) for words in _WORDS)
    ]
    return Disagreement(_named(found, _STUDY), _named(found, _NETWORK))


def refusal(recorded: Report, again: Report) -> ReportError | None:
    """Why the page is not drawn again; None where everything agrees."""
    found = compare(recorded, again)
    if found.study:
        return ReportError(
            f"The study is not as it is in the report: {_listed(found.study)} differ.",
            remedy="Choose the study as it was; if it is, the report was altered.",
        )
    if not found.network:
        return None
    listed, elsewhere = _listed(found.network), other_machine(recorded, again)
    what = f"{listed[:1].upper()}{listed[1:]} come out otherwise than in the report"
    if elsewhere:
        return ReportError(
            f"{what}; {elsewhere}.", remedy="Replay it where it was made, or export a new report."
        )
    return ReportError(f"{what}.", remedy="Export a new report: this one, or the model's card, was altered.")


def other_machine(recorded: Report, again: Report) -> str:
    """Where the report was made, and where it is made again, if that is not the same."""
    there, here = dict(recorded.software), dict(again.software)
    then, now = [], []
    for name in ("glassbox", "torch", "numpy"):
        if there.get(name) != here.get(name):
            then.append(f"{name} {printable(there.get(name, 'unknown'), 20)}")
            now.append(f"{name} {here.get(name, 'unknown')}")
    devices = [one.analysis.provenance.device for one in (recorded, again) if one.analysis is not None]
    if len(set(devices)) == 2:
        then.append(printable(devices[0], 20).upper() or "an unknown device")
        now.append(devices[1].upper() or "an unknown device")
    return f"it was made with {', '.join(then)}, and this is {', '.join(now)}" if then else ""


def _differing(old: Any, new: Any, path: str) -> Iterator[str]:
    """Dotted names of the fields that differ; figures of the network may differ a little."""
    if path in _NOT_COMPARED:
        return
    if dataclasses.is_dataclass(old) and type(old) is type(new):
        for field in dataclasses.fields(old):
            yield from _differing(
                getattr(old, field.name), getattr(new, field.name), f"{path}.{field.name}".lstrip(".")
            )
    elif isinstance(old, tuple) and isinstance(new, tuple) and len(old) == len(new):
        for one, other in zip(old, new, strict=True):
            yield from _differing(one, other, path)
    elif isinstance(old, float) and isinstance(new, float) and path.startswith(("analysis.", "marks")):
        if not math.isclose(old, new, rel_tol=CLOSE, abs_tol=CLOSE / 10):
            yield path
    elif old != new:
        yield path


def _named(paths: Sequence[str], names: dict[str, str]) -> tuple[str, ...]:
    """The words for these fields, each once, by the first name that covers them."""
    every = {**_STUDY, **_NETWORK}
    words = [next(every[name] for name in every if _within(path, name)) for path in paths]
    return tuple(word for word in names.values() if word in words)


def _within(path: str, name: str) -> bool:
    return path == name or path.startswith(f"{name}.")


def _listed(words: Sequence[str]) -> str:
    return " and ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else words[0]
