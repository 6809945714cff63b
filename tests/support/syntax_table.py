"""The table of transfer syntaxes in the documentation, made from what was decoded here.

    python -m tests.support.syntax_table          renews resources/docs/transfer-syntaxes.md

A cell counts two kinds of proof: images of the DICOM factory that came back as they went in ("made"),
and files of the shared data that were decoded (`tests.references` compares their pixels).
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from pydicom.dataset import FileDataset
from pydicom.pixels.processing import convert_color_space
from pydicom.uid import UID, UID_dictionary

from tests.support import dicom_factory as factory
from tests.support.shared_data import shared_data_folder
from viewer.dicom import dataset as tags
from viewer.dicom.codecs import DECODERS
from viewer.dicom.native import NATIVE_SYNTAXES
from viewer.dicom.pixels import load_slice, stored_values
from viewer.dicom.scan import headers
from viewer.errors import GlassboxError

PAGE = Path(__file__).parents[2] / "resources" / "docs" / "transfer-syntaxes.md"

COLUMNS = (
    "MONOCHROME1",
    "MONOCHROME2",
    "PALETTE COLOR",
    "RGB",
    "YBR_FULL",
    "YBR_FULL_422",
    "YBR_ICT",
    "YBR_RCT",
)
NEWER = ("1.2.840.10008.1.2.8.1", *(f"1.2.840.10008.1.2.4.{n}" for n in (110, 111, 112)))
ENCAPSULATED_NATIVE = "1.2.840.10008.1.2.1.98"
NATIVE_IN_FRAGMENTS = ("1.2.840.10008.1.2.8.1", ENCAPSULATED_NATIVE)
NO_IMAGE = ("1.2.840.10008.1.2.6.1", "1.2.840.10008.1.2.6.2", "1.2.840.10008.1.2.7.3")
"""Transfer syntaxes that carry no pixels: MIME, XML, audio."""

HEAD = """\
# Transfer syntaxes

What Glassbox shows, and by which decoder. Made by `python -m tests.support.syntax_table`; a test holds
this page equal to what the tests decode. In a cell, *made* means that an image written for the test came
back as it went in (lossy ones within rounding), a number how many real files of that kind are decoded;
their pixels are compared with other decoders by `python -m tests.references`. Every decoder but `numpy`
runs in a process of its own, which a damaged file cannot take Glassbox down with. Where a cell of a
supported syntax is empty, no such image was at hand; no encoder here writes the retired JPEG processes
(.52, .54 and .56 are decoded from codestreams kept in the tests) or high-throughput JPEG 2000.

`numpy` reads uncompressed pixels; `pydicom` is its run-length decoder; `pillow` libjpeg-turbo; `gdcm`,
`simpleitk` and, where that is not installed, `gdcm-file` the JPEG codecs of GDCM; `pyjpegls` CharLS;
`pylibjpeg` OpenJPEG. An administrator can add decoders for others: [codecs of a site](codecs.md).

"""


LOSSLESS = ("1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90")
"""Compressed syntaxes that pydicom's plugins write without loss."""

Made = tuple[str, FileDataset, np.ndarray, float]
"""Photometric interpretation, image, the pixels that must come back, how far they may be off."""


def made(syntax: str) -> Iterator[Made]:
    """The images that can be written here in a transfer syntax."""
    if syntax in LOSSLESS or (syntax in NATIVE_SYNTAXES and UID(syntax).is_transfer_syntax):
        for name, dataset, pixels, slack in _plain(syntax):
            yield name, factory.compressed(dataset, syntax), pixels, slack
    if syntax == ENCAPSULATED_NATIVE:
        for name, dataset, pixels, slack in _plain(syntax):
            yield name, factory.encapsulated_native(dataset), pixels, slack
    grey, color = _grey(), _color()
    for name in ("MONOCHROME1", "MONOCHROME2"):
        image = factory.image(grey, photometric=name)
        if syntax in ("1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"):
            yield name, factory.lossless_jpeg(image, syntax), grey, 0
        elif syntax == "1.2.840.10008.1.2.4.81":
            yield name, factory.compressed(image, syntax, jls_error=2), grey, 2
        elif syntax == "1.2.840.10008.1.2.4.91":
            yield name, factory.compressed(image, syntax, j2k_cr=[4]), grey, 20
        elif syntax == "1.2.840.10008.1.2.4.50":
            bytes_ = color[..., 0]
            yield name, factory.compressed(factory.image(bytes_, photometric=name), syntax), bytes_, 4
    if syntax == "1.2.840.10008.1.2.4.50":
        yield "YBR_FULL_422", factory.compressed(factory.image(color, modality="US"), syntax), color, 6
    if syntax == "1.2.840.10008.1.2.4.91":
        image = factory.image(color, modality="US", photometric="YBR_ICT")
        yield "YBR_ICT", factory.compressed(image, syntax, j2k_cr=[2]), color, 6


def _plain(syntax: str) -> Iterator[Made]:
    """Uncompressed images of every photometric interpretation that may go into `syntax`."""
    grey, color = _grey(), _color()
    for name in ("MONOCHROME1", "MONOCHROME2"):
        yield name, factory.image(grey, photometric=name), grey, 0
    ramp = np.arange(256, dtype=np.uint8)
    indices = np.resize(ramp, (64, 48))
    if syntax != "1.2.840.10008.1.2.4.90":
        yield (
            "PALETTE COLOR",
            factory.palette_image(indices, np.stack([ramp, ramp[::-1], ramp], -1)),
            indices,
            0,
        )
    yield "RGB", factory.image(color, modality="US"), color, 0
    if syntax == "1.2.840.10008.1.2.4.90":
        yield "YBR_RCT", factory.image(color, modality="US", photometric="YBR_RCT"), color, 0
        return
    if syntax != "1.2.840.10008.1.2.4.80":
        luma = convert_color_space(color, "RGB", "YBR_FULL")
        yield "YBR_FULL", factory.image(luma, modality="US", photometric="YBR_FULL"), color, 2


def _grey() -> np.ndarray:
    return factory.gradient(64, 48).astype(np.uint16)


def _color() -> np.ndarray:
    """(64, 48, 3) uint8, smooth, so that what compresses with loss loses little."""
    plane = np.add.outer(np.arange(64), np.arange(48)).astype(np.uint8)
    return np.stack([plane + offset for offset in (0, 60, 120)], -1).astype(np.uint8)


def proofs(syntax: str) -> dict[str, bool]:
    """Column -> whether the images made for it came back."""
    found = {}
    for column, dataset, expected, slack in made(syntax):
        with tempfile.TemporaryDirectory() as folder:
            path = factory.write(dataset, Path(folder) / "x.dcm")
            stored = stored_values(headers(path)[0])
        off = np.abs(stored.astype(int) - expected.astype(int)).max()
        found[column] = stored.shape == expected.shape and bool(off <= slack)
    return found


def real_files() -> Counter[tuple[str, str]]:
    """(transfer syntax, column) -> files of the shared data that are decoded."""
    folder = shared_data_folder() / "dicom"
    found: Counter[tuple[str, str]] = Counter()
    with open(folder / "MANIFEST.csv", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        try:
            header = headers(folder / row["path"])[0]
            load_slice(header)
        except GlassboxError:
            continue
        found[header.transfer_syntax, header.photometric] += 1
    return found


def syntaxes() -> list[str]:
    """Every transfer syntax of PS3.6 that carries an image, supported or not."""
    listed = [uid for uid, entry in UID_dictionary.items() if entry[1] == "Transfer Syntax"]
    known = {*listed, *NEWER, *DECODERS, *NATIVE_SYNTAXES} - set(NO_IMAGE)
    return sorted(known, key=lambda uid: [int(part) for part in uid.split(".")])


def refusal(syntax: str) -> str:
    """The sentence for an image in a syntax that no decoder here reads."""
    dataset = factory.compressed(
        factory.image(factory.gradient(64, 48).astype(np.uint16)), "1.2.840.10008.1.2.5"
    )
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    stream = io.BytesIO(factory.to_bytes(dataset))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.dcm"
        path.write_bytes(stream.getvalue())
        try:
            load_slice(headers(path)[0])
        except GlassboxError as error:
            return str(error)
    raise AssertionError(f"{syntax} is decoded, and stands nowhere in the table of decoders")


def supported(syntax: str) -> str:
    """The decoders of a transfer syntax, or "" if there is none."""
    if syntax in NATIVE_SYNTAXES or syntax in NATIVE_IN_FRAGMENTS:
        return "numpy"
    return ", ".join(DECODERS.get(syntax, ()))


def page(real: Counter[tuple[str, str]]) -> str:
    """The whole page; `real` as from `real_files`."""
    lines = [HEAD, "| transfer syntax | decoder | " + " | ".join(COLUMNS) + " |"]
    lines.append("|---" * (2 + len(COLUMNS)) + "|")
    refused: dict[str, list[str]] = {}
    for syntax in syntaxes():
        decoders = supported(syntax)
        name = f"{tags.syntax_name(syntax)} (`{syntax}`)"
        if not decoders:
            refused.setdefault(refusal(syntax).replace(tags.syntax_name(syntax), "…"), []).append(name)
            continue
        shown = proofs(syntax)
        cells = []
        for column in COLUMNS:
            parts = ["made"] if shown.get(column) else []
            parts += [str(real[syntax, column])] if real[syntax, column] else []
            cells.append(", ".join(parts))
        lines.append(f"| {name} | {decoders} | {' | '.join(cells)} |")
    lines += ["", "## What cannot be shown", "", "Its tags stay readable, and the reader is told:", ""]
    for sentence, names in refused.items():
        lines += [f"* *{sentence}*", *(f"  * {name}" for name in names)]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    PAGE.write_text(page(real_files()))
    print(PAGE.read_text())
