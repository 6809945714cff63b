"""Compare `glassbox pixels` with independent decoders, file by file.

    python -m tests.references [FILE_OR_FOLDER ...]        without one: all shared DICOM files

References are pydicom with another decoder than the one Glassbox prefers and, where they are installed,
the command-line tools of DCMTK and GDCM. One line a file, then a summary; the exit code is 1 if a file
neither gives the pixels of a reference nor a listed reason.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import json
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import pydicom
from pydicom.pixels import pixel_array
from pydicom.uid import UID

from tests.support.shared_data import shared_data_folder
from viewer import cli
from viewer.dicom.scan import headers
from viewer.errors import StudyError

EQUAL, CLOSE, DIFFERENT, ALONE, REFUSED, SKIPPED = "equal", "±1", "DIFFERENT", "alone", "refused", "skipped"

FIRST_CHOICE = {
    "1.2.840.10008.1.2.4.50": ("gdcm", "pillow"),
    "1.2.840.10008.1.2.4.80": ("gdcm", "pyjpegls"),
    "1.2.840.10008.1.2.4.81": ("gdcm", "pyjpegls"),
    "1.2.840.10008.1.2.4.90": ("gdcm", "pillow"),
    "1.2.840.10008.1.2.4.91": ("gdcm", "pillow"),
}
"""pydicom's decoders to ask, by transfer syntax: first those that Glassbox does not use."""

LOSSY = {
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.53",
    "1.2.840.10008.1.2.4.55",
    "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.4.91",
    "1.2.840.10008.1.2.4.203",
}
"""Transfer syntaxes whose decoders may round differently, by 1."""

DCMTK = {
    **dict.fromkeys((f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 53, 55, 57, 70)), "dcmdjpeg"),
    **dict.fromkeys(("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81"), "dcmdjpls"),
    "1.2.840.10008.1.2.5": "dcmdrle",
    **dict.fromkeys((f"1.2.840.10008.1.2{end}" for end in ("", ".1", ".1.99", ".2")), "dcmconv"),
}
"""Which of DCMTK's tools turns a transfer syntax into a native one."""

EXPLAINED = {
    "MR_truncated.dcm": "cut off within its pixel data",
    "JPEG2000-embedded-sequence-delimiter.dcm": "its codestream is damaged",
}
"""Files that no reader can be asked to show, and why."""

_WORDS = "it swaps 16-bit words; the little endian twin of this 32-bit file has our values"
DOUBTED = {
    ("gdcmconv", "SC_rgb_rle_16bit.dcm"): "GDCM mixes up the byte planes of RLE RGB; DCMTK agrees with us",
    ("gdcmconv", "SC_rgb_rle_32bit.dcm"): "GDCM mixes up the byte planes of RLE RGB; DCMTK agrees with us",
    **{
        (tool, f"rtdose_expb{end}.dcm"): _WORDS for tool in ("dcmconv", "gdcmconv") for end in ("", "_1frame")
    },
}
"""(tool, file) whose answer is not taken, and why."""

MOST_FRAMES = 8


@dataclass
class Outcome:
    """What became of one file: which references gave the same pixels (`agreed`), and which others."""

    path: Path
    verdict: str
    syntax: str = ""
    photometric: str = ""
    frames: int = 0
    agreed: tuple[str, ...] = ()
    differed: tuple[str, ...] = ()
    reason: str = ""

    @property
    def wrong(self) -> bool:
        return self.verdict == DIFFERENT or (self.verdict == REFUSED and self.path.name not in EXPLAINED)

    def line(self) -> str:
        name = UID(self.syntax).name if self.syntax else ""
        said = self.reason or f"{self.frames} frames; {', '.join(self.agreed) or 'no reference reads it'}"
        if self.differed:
            said += f"; not {', '.join(self.differed)}"
        return f"{self.verdict:9} {self.path.name[:48]:48} {name[:40]:40} {self.photometric:15} {said}"


def compare(path: Path, *, tools: bool = True) -> Outcome:
    """One file: Glassbox's stored values of its frames (of many, four) beside every reference's."""
    try:
        planes = headers(path)
    except StudyError as error:
        return Outcome(path, SKIPPED, reason=error.what)
    first = planes[0]
    outcome = Outcome(path, ALONE, first.transfer_syntax, first.photometric)
    references = list(_references(path, first.transfer_syntax, tools=tools))
    agreed, differed, closest = set(), set(), EQUAL
    for frame in some_of([plane.frame for plane in planes]):
        ours, said = glassbox(path, frame)
        if ours is None:
            outcome.verdict, outcome.reason = REFUSED, EXPLAINED.get(path.name, said)
            return outcome
        outcome.frames += 1
        for name, read in references:
            theirs = read(frame)
            if theirs is None or (name, path.name) in DOUBTED:
                continue
            verdict = _verdict(ours, theirs, first.transfer_syntax)
            (differed if verdict == DIFFERENT else agreed).add(name)
            closest = CLOSE if verdict == CLOSE else closest
    outcome.agreed, outcome.differed = tuple(sorted(agreed)), tuple(sorted(differed))
    if differed:
        outcome.verdict = DIFFERENT
    elif agreed:
        outcome.verdict = closest
    return outcome


def some_of(frames: Sequence[int]) -> list[int]:
    """All frames of a few; of many the first two, the middle and the last."""
    if len(frames) <= MOST_FRAMES:
        return list(frames)
    return [frames[0], frames[1], frames[len(frames) // 2], frames[-1]]


def glassbox(path: Path, frame: int) -> tuple[np.ndarray | None, str]:
    """What `glassbox pixels --stage stored` writes, or None and the sentence it says instead."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "x.npy"
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()):
            wish = ["--frame", str(frame + 1), "--stage", "stored", "--out", str(out), "--json"]
            code = cli.run(["pixels", str(path), *wish])
        if code:
            return None, json.loads(said.getvalue())["error"]
        return np.load(out), ""


def _verdict(ours: np.ndarray, theirs: np.ndarray, syntax: str) -> str:
    if ours.shape != theirs.shape:
        return DIFFERENT
    if np.array_equal(ours, theirs, equal_nan=ours.dtype.kind == "f"):
        return EQUAL
    near = np.abs(ours.astype(np.int64) - theirs.astype(np.int64)).max() <= 1
    return CLOSE if near and syntax in LOSSY else DIFFERENT


Read = Callable[[int], np.ndarray | None]


def _references(path: Path, syntax: str, *, tools: bool) -> Iterator[tuple[str, Read]]:
    yield "pydicom", lambda frame: _pydicom(path, syntax, frame)
    for tool in (DCMTK.get(syntax), "gdcmconv") if tools else ():
        if tool and shutil.which(tool):
            converted = cache(lambda tool=tool: _converted(tool, path))
            yield tool, lambda frame, converted=converted: _native_frame(converted(), frame)


def _pydicom(path: Path, syntax: str, frame: int) -> np.ndarray | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            dataset = pydicom.dcmread(path, force=True)
            if "TransferSyntaxUID" not in dataset.file_meta:
                dataset.file_meta.TransferSyntaxUID = UID(syntax)
        except Exception:  # a reference that cannot read a file is no reference for it
            return None
        for plugin in FIRST_CHOICE.get(syntax, ("",)):
            with contextlib.suppress(Exception):
                return pixel_array(dataset, index=frame, decoding_plugin=plugin)
    return None


def _converted(tool: str, path: Path) -> pydicom.Dataset | None:
    """The file as the tool writes it in explicit little endian, without compression."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "native.dcm"
        how = ["--raw"] if tool == "gdcmconv" else ["+te"]
        command = [tool, *how, str(path), str(out)]
        try:
            done = subprocess.run(command, capture_output=True, timeout=60)
        except subprocess.TimeoutExpired:
            return None
        if done.returncode or not out.is_file():
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                dataset = pydicom.dcmread(out)
                dataset.PixelData  # noqa: B018 - read before the file is gone
            except Exception:
                return None
    return dataset


def _native_frame(dataset: pydicom.Dataset | None, frame: int) -> np.ndarray | None:
    if dataset is None or dataset.file_meta.TransferSyntaxUID.is_encapsulated:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return pixel_array(dataset, index=frame)
        except Exception:
            return None


@dataclass
class Summary:
    """All outcomes of a run."""

    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def wrong(self) -> list[str]:
        return [outcome.line() for outcome in self.outcomes if outcome.wrong]

    def text(self) -> str:
        verdicts = Counter(outcome.verdict for outcome in self.outcomes)
        references = Counter(name for outcome in self.outcomes for name in outcome.agreed)
        frames = sum(outcome.frames for outcome in self.outcomes)
        counted = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common())
        by = ", ".join(f"{name} {count}" for name, count in references.most_common())
        return f"{len(self.outcomes)} files, {frames} frames: {counted}. Files that agree with {by}."


def shared_files() -> list[Path]:
    """Every file that the manifest of the shared data names."""
    folder = shared_data_folder() / "dicom"
    with open(folder / "MANIFEST.csv", newline="") as stream:
        return [folder / row["path"] for row in csv.DictReader(stream)]


def files_of(paths: Iterable[Path]) -> list[Path]:
    """Files, and all files below folders."""
    found = []
    for path in paths:
        found += sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
    return found


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("paths", nargs="*", type=Path)
    options = parser.parse_args(argv)
    summary = Summary()
    for path in files_of(options.paths) if options.paths else shared_files():
        summary.outcomes.append(compare(path))
        print(summary.outcomes[-1].line(), flush=True)
    print(summary.text())
    return 1 if summary.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
