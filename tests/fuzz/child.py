"""The process that opens the inputs, one after the other; it may crash, hang or be killed."""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import resource
import shutil
import sys
import time
import traceback
from pathlib import Path

from tests.fuzz.inputs import Inputs

_ADDRESS_SPACE = 12 << 30
"""Bytes: only so that an input cannot take the machine down; what counts is the peak that is reported."""
_FRAMES_TOLD = 12
_THOROUGH = 4
"""One input in so many is looked at in every way; the others as a reader looks at most files."""


def work(inputs: Inputs, first: int, stop: int, stride: int, folder: Path) -> None:
    """Examine inputs first, first + stride, … below `stop`; a line of JSON for each step, to stdout."""
    from tests.fuzz.harness import examine

    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    channel = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # libraries print to stdout what only the log should hold
    for number in range(first, stop, stride):
        place = folder / str(number)
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        kind, path = inputs.make(number, place)
        _tell(channel, number=number, kind=kind, step="start")
        said: dict[str, object] = {}
        _forget_peak()
        before, began = _resident("VmRSS"), time.monotonic()
        try:
            outcome = examine(path, lambda step: _tell(channel, step=step), thorough=number % _THOROUGH < 1)
            said = {"outcome": outcome.kind, "unforeseen": outcome.unforeseen, "steps": outcome.steps}
        except Exception as error:
            where = [
                f"{Path(one.filename).name}:{one.lineno}" for one in traceback.extract_tb(error.__traceback__)
            ]
            what = f"{type(error).__name__}: {str(error)[:200]} @ {' < '.join(where[-_FRAMES_TOLD:][::-1])}"
            said = {"outcome": "exception", "what": what}
        peak = _resident("VmHWM") - before
        _tell(channel, number=number, step="end", seconds=time.monotonic() - began, peak=peak, **said)
        shutil.rmtree(place, ignore_errors=True)
    _tell(channel, number=stop, step="done")


def _tell(channel: object, **words: object) -> None:
    print(json.dumps(words), file=channel)  # type: ignore[call-overload]


def _forget_peak() -> None:
    """Let the kernel's note of the largest resident size start anew (proc(5), clear_refs)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _resident(field: str) -> int:
    """Bytes; 0 where the system does not tell."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(f"{field}:"):
                return int(line.split()[1]) << 10
    except OSError:
        pass
    return 0


if __name__ == "__main__":
    plan = json.loads(sys.argv[1])
    made = Inputs([Path(path) for path in Path(plan["files"]).read_text().splitlines()], plan["seed"])
    work(made, plan["first"], plan["stop"], plan["stride"], Path(plan["folder"]))
