"""The long run: ``nice -n 19 python -m tests.fuzz --inputs 100000 --seed 1 --jobs 2``.

Opens altered DICOM files as a reader would, each in a child process that is watched. Prints the
figures; exits with 1 if something was neither an image nor a sentence. Broken off, it goes on where it
was when it is started again with the same `--books`. One input by itself, to look into a finding:
``python -m tests.fuzz --seed 1 --only 4711 --keep /tmp/input``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.fuzz.inputs import Inputs, packaged_files, with_shared
from tests.fuzz.supervision import run
from tests.support.shared_data import shared_data_folder


def main() -> int:
    options = _options()
    shared = shared_data_folder() / "dicom"
    files = with_shared(shared) if shared.is_dir() and not options.packaged else packaged_files()
    inputs = Inputs(files, options.seed)
    if options.only is not None:
        return _one(inputs, options.only, options.keep)
    print(f"{len(files)} files, {len(inputs.cuts)} kilobytes, seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="glassbox-fuzz-") as folder:
        plan = {"seed": options.seed, "first": options.first, "stop": options.first + options.inputs}
        books = run(files, plan, options.jobs, options.books, Path(folder))
    print(books.told())
    return 1 if books.findings else 0


def _one(inputs: Inputs, number: int, keep: Path | None) -> int:
    from tests.fuzz.harness import examine

    folder = keep or Path(tempfile.mkdtemp(prefix="glassbox-fuzz-"))
    folder.mkdir(parents=True, exist_ok=True)
    kind, path = inputs.make(number, folder)
    print(f"{kind}: {path}", flush=True)
    print(examine(path, lambda step: print(f"  {step}", flush=True)))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--books", type=Path, default=Path(tempfile.gettempdir()) / "glassbox-fuzz.json")
    parser.add_argument("--packaged", action="store_true", help="only the files that come with pydicom")
    parser.add_argument("--only", type=int, help="open this one input, in this process")
    parser.add_argument("--keep", type=Path, help="where to leave the input of --only")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
