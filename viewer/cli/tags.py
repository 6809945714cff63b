"""`glassbox tags`: the attributes of one DICOM file."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from viewer.cli.answer import Answer
from viewer.errors import StudyError

EPILOG = """\
One line an attribute, up to the pixel data; what lies in a sequence is indented. Binary values are given
by their size, long ones are shortened. A damaged file gives what comes before the damage, and says where
that is. Patient identity is printed unless --deidentify is given (DICOM PS3.15, Basic Profile)."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="a DICOM file")
    parser.add_argument(
        "--frame", metavar="N", type=int, default=1, help="frame whose own attributes to list (default: 1)"
    )
    parser.add_argument("--deidentify", action="store_true", help="hide what may identify the patient")


def answer(options: argparse.Namespace) -> Answer:
    from viewer.dicom.tag_table import read_tags
    from viewer.study import Source

    if options.file.is_dir():
        raise StudyError("This is a folder.", remedy="Give one DICOM file.")
    rows = read_tags(Source(options.file), frame=max(0, options.frame - 1), deidentified=options.deidentify)
    lines = []
    for row in rows:
        start = "  " * row.level + " ".join(word for word in (row.tag, row.vr) if word)
        lines.append(f"{start} {row.name}: {row.value}" if row.tag else f"{start}{row.name or row.value}")
    return Answer({"attributes": [asdict(row) for row in rows]}, lines)
