#!/usr/bin/env python3
"""Starts the frozen program and uses it as a reader would; fails on anything it says that is not expected.

    smoke_test.py --folder dist/glassbox-cpu               the frozen tree, where it lies
    smoke_test.py --deb glassbox_0.1.0_amd64.deb --root R  installed into a fresh Debian made in R, as root
    smoke_test.py --source --approve                       renews the kept reports, from this checkout

First without a window: version, golden checks, the report of the sample, compressed pixels, every
explanation method, networks of each family. Then the window under a virtual screen: the sample study is
opened, analysed, its peak sought, another layer chosen, the report written and compared, and closed.
Exit code 0 if all held. Run by the build environment's Python; `smoke/` holds the parts.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
from smoke import golden_report, material, output
from smoke.place import Folder, Installed, Source
from smoke.screen import Screen

Place = Folder | Installed | Source
MODEL = "phantom-lesion"
REFUSALS = (
    "needs the package",  # the small flavour says what it was built without
    "has no attention",  # asked of a network that is no vision transformer
)
"""Words of the refusals that a method may answer with; any other is a failure."""
LAYER = "block3"
"""The layer shown after one step earlier from the model's own choice."""


class Test:
    """One run: every step prints one line, and what failed is kept for the end."""

    def __init__(self, place: Place, pictures: Path | None) -> None:
        self.place, self.pictures = place, pictures
        self.failed: list[str] = []

    def step(self, name: str, run: Callable[[], list[str]]) -> None:
        """Run a step, which gives the sentences of what is wrong."""
        start = time.monotonic()
        try:
            wrong = run()
        except (
            TimeoutError,
            OSError,
            subprocess.SubprocessError,
            psutil.Error,
            LookupError,
            ValueError,
        ) as error:
            wrong = [f"{type(error).__name__}: {error}"]
        taken = time.monotonic() - start
        print(f"{'FAILED' if wrong else 'ok    '}  {name} ({taken:.1f} s)", flush=True)
        for line in wrong[:8]:
            print(f"        {line}", flush=True)
        self.failed += [f"{name}: {line}" for line in wrong]

    def ask(self, *arguments: str, code: int = 0, codecs: str = "") -> tuple[str, list[str]]:
        """Run a verb; its standard output, and what was wrong with its exit code and what it printed."""
        command = self.place.command(*arguments, codecs=codecs)
        # Where `command` starts no `env` (Windows), this is how the variable comes through.
        variables = {**os.environ, "GLASSBOX_CODECS": codecs}
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, env=variables)
        wrong = (
            []
            if done.returncode == code
            else [f"exit code {done.returncode}", *done.stderr.splitlines()[-3:]]
        )
        return done.stdout, wrong + ([] if wrong else output.unexpected(done.stderr))


# Without a window


def says_its_version(test: Test, version: str) -> list[str]:
    printed, wrong = test.ask("--version")
    return wrong + ([] if printed == f"glassbox {version}\n" else [f"printed {printed!r}"])


def verifies(test: Test) -> list[str]:
    printed, wrong = test.ask("verify", "--json")
    if not printed:
        return wrong
    table = json.loads(printed)
    return wrong + [f"{check['name']}: {check['detail']}" for check in table["checks"] if not check["ok"]]


def writes_the_golden_report(test: Test, approve: bool) -> list[str]:
    sample, page = test.place.inside(test.place.sample), test.place.work / "page.png"
    _printed, wrong = test.ask(
        "report",
        sample,
        "--slice",
        "peak",
        "--model",
        MODEL,
        "--device",
        "cpu",
        "--out",
        test.place.inside(page),
    )
    return wrong or _held(page, "headless.png", approve=approve)


def decodes(test: Test, name: str, file: Path, codecs: str = "") -> list[str]:
    found = test.place.work / f"{file.stem}.npy"
    out = test.place.inside(found)
    asked = ("pixels", test.place.inside(file), "--stage", "stored", "--out", out)
    _printed, wrong = test.ask(*asked, codecs=codecs)
    if wrong:
        return wrong
    same = np.array_equal(np.load(found).squeeze(), np.load(file.parent / "stored.npy"))
    return [] if same else [f"{name} came back as other values"]


def explains(test: Test, method: str, model: str, name: str) -> list[str]:
    """A map comes back, or a refusal in words that the method may answer with."""
    out = test.place.work / f"{name}.npz"
    arguments = [
        "explain",
        test.place.inside(test.place.sample),
        "--model",
        model,
        "--slice",
        "14",
        "--anyway",
    ]
    command = test.place.command(
        *arguments, "--method", method, "--device", "cpu", "--out", test.place.inside(out)
    )
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if done.returncode == 2 and any(words in done.stderr for words in REFUSALS):
        print(f"        refused: {done.stderr.strip()}")
        return []
    if done.returncode:
        return [f"exit code {done.returncode}", *done.stderr.splitlines()[-4:]]
    with np.load(out) as arrays:
        maps = [key for key in arrays.files if np.issubdtype(arrays[key].dtype, np.floating)]
        finite = all(np.isfinite(arrays[key]).all() for key in maps)
    return output.unexpected(done.stderr) + ([] if maps and finite else ["no finite map came back"])


def every_method() -> list[str]:
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from viewer.explain.methods import METHODS

    return list(METHODS)


# The window


def window_journey(test: Test, approve: bool) -> None:
    place = test.place
    page = place.work / "window.png"
    with Screen() as screen:
        errors = (test.pictures / "stderr.txt") if test.pictures else place.work / "stderr.txt"
        errors.parent.mkdir(parents=True, exist_ok=True)
        with errors.open("w") as stderr:
            command = place.from_menu(place.sample, screen.display)
            process = psutil.Popen(command, stdout=stderr, stderr=stderr)

        def picture(number: int, name: str) -> None:
            if test.pictures:
                screen.save(test.pictures / f"{number}-{name}.png")

        def opened() -> list[str]:
            screen.wait_painted(60)
            screen.window("Glassbox$")
            _wait_quiet(process, screen)
            return []

        def analysed() -> list[str]:
            screen.press("F5")
            _wait_quiet(process, screen)
            screen.press("n")
            _wait_quiet(process, screen)
            return []

        def layer() -> list[str]:
            before = screen.pixels()
            screen.press("bracketleft")
            _wait_quiet(process, screen)
            return [] if (screen.pixels() != before).any() else ["the picture stayed as it was"]

        def exported() -> list[str]:
            screen.press("ctrl+e")
            screen.window("Export Report")
            screen.type("smoke test")
            time.sleep(2)
            picture(4, "export")
            screen.press("alt+s")
            screen.window("Save Report")
            screen.press("ctrl+a")
            screen.type(place.inside(page))
            screen.press("Return")
            screen.wait_closed("Export Report", 60)
            screen.window("Glassbox$")
            wrong = _held(page, "window.png", approve=approve)
            shown = golden_report.record(page)["analysis"]["map"]["layer"]["name"]
            return wrong + ([] if shown == LAYER else [f"the layer is {shown}, not {LAYER}"])

        def handed_over() -> list[str]:
            before = screen.pixels()
            command = place.command(place.inside(sorted(place.sample.iterdir())[0]), display=screen.display)
            done = subprocess.run(command, capture_output=True, text=True, timeout=60)
            _wait_quiet(process, screen)
            wrong = [f"exit code {done.returncode}"] if done.returncode else []
            changed = (screen.pixels() != before).any()
            return wrong + output.unexpected(done.stderr) + ([] if changed else ["nothing was opened"])

        def closed() -> list[str]:
            screen.press("ctrl+q")
            code = process.wait(30)
            wrong = [] if code == 0 else [f"exit code {code}"]
            return wrong + output.unexpected(errors.read_text()) + output.logged_trouble(place.home)

        try:
            for number, (name, run) in enumerate(
                (
                    ("opens the sample study in its window", opened),
                    ("analyses it and goes to the peak", analysed),
                    ("switches to an earlier layer", layer),
                    ("exports the report, which is the kept one", exported),
                    ("opens in the same window what a second start is given", handed_over),
                    ("quits, and has printed and logged nothing unexpected", closed),
                ),
                start=1,
            ):
                test.step(name, run)
                picture(number, name.split(",")[0].replace(" ", "-"))
        finally:
            _end(process)


def keeps_its_settings(test: Test, place: Installed) -> list[str]:
    """Upgrade, and start and close the window again: what the reader chose is still chosen."""
    file = place.home / ".config" / "glassbox" / "settings.json"
    chosen = {"theme": "light", "mouse": "scroll", "mouse_asked": True, "disclaimer_read": True}
    file.write_text(json.dumps(json.loads(file.read_text()) | chosen))
    place.upgrade()
    with Screen() as screen:
        process = psutil.Popen(place.command(display=screen.display))
        try:
            screen.wait_painted(60)
            screen.window("Glassbox$")
            _wait_quiet(process, screen)
            if test.pictures:
                screen.save(test.pictures / "after-the-upgrade.png")
            screen.press("ctrl+q")
            code = process.wait(30)
        finally:
            _end(process)
    kept = json.loads(file.read_text())
    wrong = [f"{name} has become {kept[name]!r}" for name, value in chosen.items() if kept[name] != value]
    return wrong + ([f"exit code {code}"] if code else [])


def _wait_quiet(process: psutil.Popen, screen: Screen, seconds: float = 300) -> None:
    """Until program and decoder processes use no processor for 3 s while the picture stands still."""
    end, since = time.monotonic() + seconds, time.monotonic()
    before, worked = screen.pixels(), _processor_time(process)
    while time.monotonic() - since < 3:
        if time.monotonic() > end:
            raise TimeoutError(f"the program was not quiet within {seconds:g} s")
        time.sleep(0.5)
        now, used = screen.pixels(), _processor_time(process)
        if used - worked > 0.05 or (now != before).any():
            since = time.monotonic()
        before, worked = now, used


def _processor_time(process: psutil.Popen) -> float:
    total = 0.0
    for one in [process, *process.children(recursive=True)]:
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    if process.poll() is not None:
        raise OSError(f"the program has ended with code {process.returncode}")
    return total


def _end(process: psutil.Popen) -> None:
    if process.poll() is None:
        for one in [*process.children(recursive=True), process]:
            one.kill()
        process.wait(10)


def _held(page: Path, kept: str, *, approve: bool) -> list[str]:
    target = golden_report.FOLDER / kept
    if approve:
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(page.read_bytes())
        return []
    return golden_report.differences(page, target) + golden_report.looks_otherwise(page, target)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--folder", type=Path)
    where.add_argument("--deb", type=Path)
    where.add_argument("--source", action="store_true")
    parser.add_argument("--root", type=Path, help="folder for the fresh Debian; kept for the next run")
    parser.add_argument("--pictures", type=Path, help="folder for a picture of each step")
    parser.add_argument("--approve", action="store_true", help="keep what is written as the golden reports")
    parts = parser.add_mutually_exclusive_group()
    parts.add_argument("--window-only", action="store_true")
    parts.add_argument("--no-window", action="store_true", help="where there is no Xvfb: Windows, macOS")
    options = parser.parse_args()
    if options.deb:
        if options.root is None:
            parser.error("--deb needs --root")
        place: Place = Installed(options.deb, options.root)
    else:
        place = Source() if options.source else Folder(options.folder)
    test = Test(place, options.pictures)
    if isinstance(place, Installed):
        tools = place.found("python3", "python3.11", "gcc", "cc", "ld", "make")
        test.step(
            "the fresh Debian has no Python and no build tools", lambda: [f"it has {one}" for one in tools]
        )
    if not options.window_only:
        without_a_window(test, options.approve)
    if not options.no_window:
        window_journey(test, options.approve)
    if isinstance(place, Installed):
        test.step("keeps the reader's settings when upgraded", lambda: keeps_its_settings(test, place))
        test.step("leaves nothing behind when uninstalled", place.remove)
    place.close()
    print(f"\n{len(test.failed)} failures" if test.failed else "\nall held")
    return 1 if test.failed else 0


def without_a_window(test: Test, approve: bool) -> None:
    place = test.place
    text = (Path(__file__).parents[1] / "viewer" / "__init__.py").read_text(encoding="utf-8")
    version = text.partition('__version__ = "')[2].partition('"')[0]
    test.step("says its version", lambda: says_its_version(test, version))
    test.step("verifies itself", lambda: verifies(test))
    test.step(
        "writes the report of the sample, which is the kept one",
        lambda: writes_the_golden_report(test, approve),
    )
    if approve:
        return
    for name, file in material.compressed_slices(place.sample, place.work / "slices").items():
        test.step(
            f"decodes {name} in a process of its own", lambda name=name, file=file: decodes(test, name, file)
        )
    codecs, file = material.site_codec(place.sample, place.work / "site")
    test.step("decodes with a codec of the site", lambda: decodes(test, "it", file, place.inside(codecs)))
    # Each imports torch anew. What was frozen is the same once installed, so there one of each kind will do.
    for method in ("occlusion",) if isinstance(place, Installed) else every_method():
        test.step(f"explains by {method}", lambda method=method: explains(test, method, MODEL, method))
    for kind, bundle in material.bundles(place.work / "bundles").items():
        inside = place.inside(bundle)
        test.step(f"explains a network: {kind}", lambda k=kind, m=inside: explains(test, "grad-cam", m, k))


if __name__ == "__main__":
    raise SystemExit(main())
