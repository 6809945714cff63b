"""Whatever a file holds, a reader sees an image or a sentence: a short run of what `python -m tests.fuzz`
does for hours."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from tests.fuzz.elements import anatomy
from tests.fuzz.inputs import Inputs, packaged_files, with_shared
from tests.fuzz.mutations import WAYS
from tests.fuzz.supervision import run
from tests.support.dicom_factory import image, to_bytes
from tests.support.shared_data import shared_data

SEED = 20261121


def short(files, tmp_path, *, first: int, count: int):
    plan = {"seed": SEED, "first": first, "stop": first + count}
    return run(files, plan, 1, tmp_path / "books.json", tmp_path)


def test_altered_files_of_pydicom_are_images_or_sentences(tmp_path):
    books = short(packaged_files(), tmp_path, first=0, count=400)
    assert books.findings == {}, books.told()
    assert set(books.outcomes) == {"image", "sentence", "image and sentence"} and books.inputs == 400


@pytest.mark.shared_data
def test_altered_clinical_files_are_images_or_sentences(tmp_path):
    books = short(with_shared(shared_data("dicom")), tmp_path, first=1_000_000, count=120)
    assert books.findings == {}, books.told()


def test_an_input_is_the_same_each_time_it_is_made(tmp_path):
    inputs = Inputs(packaged_files(), SEED)
    for number in (0, 1, 7, 51, 200):
        made = []
        for attempt in "ab":
            folder = tmp_path / f"{number}{attempt}"
            folder.mkdir()
            kind, path = inputs.make(number, folder)
            made.append((kind, path.name, path.read_bytes() if path.is_file() else b""))
        if not made[0][1].endswith(".zip"):  # archives hold the time of day
            assert made[0] == made[1]


@pytest.mark.parametrize("name", WAYS)
def test_every_way_alters_a_file(name):
    data = to_bytes(image())
    way = WAYS[name][0]
    assert any(way(data, anatomy(data), random.Random(seed)) != data for seed in range(20))


# The harness finds what it is there to find


@pytest.mark.parametrize(
    ("deed", "found"),
    [
        ("os.kill(os.getpid(), 11)", "crash in load, exit code -11"),
        ("os._exit(0)", "crash in load, exit code 0"),
        ("time.sleep(60)", "hang in load"),
        ("tell(number=3, step='end', outcome='exception', what='KeyError', peak=0, seconds=0)", "KeyError"),
        ("tell(number=3, step='end', outcome='image', peak=3 << 30, seconds=0)", "took more than 1024 MiB"),
    ],
)
def test_a_crash_a_hang_and_too_much_memory_are_found(tmp_path, monkeypatch, deed, found):
    from tests.fuzz import supervision

    monkeypatch.setattr(supervision, "HANG", 0.5)
    monkeypatch.setattr(supervision, "_GRACE", 0.0)
    child = tmp_path / "child.py"
    child.write_text(
        "import json, os, sys, time\n"
        "def tell(**words): print(json.dumps(words), flush=True)\n"
        "plan = json.loads(sys.argv[1])\n"
        "for number in range(plan['first'], plan['stop']):\n"
        "    tell(number=number, kind='made up', step='start')\n"
        "    tell(step='load')\n"
        "    if number == 3:\n"
        f"        {deed}\n"
        "        continue\n"
        "    tell(number=number, step='end', outcome='image', peak=0, seconds=0)\n"
        "tell(number=plan['stop'], step='done')\n"
    )
    plan = {"seed": 0, "first": 0, "stop": 6, "command": [sys.executable, str(child)]}
    books = run([Path("none")], plan, 1, tmp_path / "books.json", tmp_path)
    assert books.inputs == 6 and len(books.findings) == 1
    (what,), (numbers,) = books.findings.keys(), books.findings.values()
    assert found in what and numbers == [3]


def test_a_run_broken_off_goes_on_where_it_was(tmp_path):
    files = packaged_files()[:10]
    short(files, tmp_path, first=0, count=6)
    books = short(files, tmp_path, first=0, count=12)
    assert books.inputs == 12 and sum(books.outcomes.values()) == 12
