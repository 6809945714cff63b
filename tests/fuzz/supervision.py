"""Runs inputs in child processes and keeps the books: outcomes, crashes, hangs, memory, longest times."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

HANG, MEMORY = 5.0, 1 << 30
"""Seconds of one step, and bytes above what the process had before the input: more is a finding."""
_GRACE = 1.5
"""Seconds past `HANG`: the viewer itself gives a decoder 5 s before it stops it and says so."""
_SAVE_EVERY = 5.0
_RECYCLE = 4000
"""Inputs of one child: Python and its libraries grow by themselves."""


_CHILD = [sys.executable, "-m", "tests.fuzz.child"]


@dataclass
class Books:
    """What came of all inputs so far; written to a file, from which a run goes on."""

    done: dict[int, int] = field(default_factory=dict)
    """Job number -> the next input of that job."""
    inputs: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    unforeseen: dict[str, list[int]] = field(default_factory=dict)
    findings: dict[str, list[int]] = field(default_factory=dict)
    longest: dict[str, tuple[float, int]] = field(default_factory=dict)
    """Step -> seconds, and the input that took them."""
    peak: tuple[int, int] = (0, 0)
    """Bytes above the rest of the process, and the input that took them."""
    tree: int = 0
    """Bytes resident in a child and its decoder processes together, as far as sampling saw."""
    seconds: float = 0.0

    def finding(self, what: str, number: int) -> None:
        self.findings.setdefault(what, []).append(number)

    def save(self, path: Path) -> None:
        path.with_suffix(".new").write_text(json.dumps(self.__dict__, indent=1))
        os.replace(path.with_suffix(".new"), path)

    @classmethod
    def load(cls, path: Path) -> Books:
        kept = json.loads(path.read_text())
        kept["done"] = {int(job): number for job, number in kept["done"].items()}
        kept["outcomes"], kept["kinds"] = Counter(kept["outcomes"]), Counter(kept["kinds"])
        kept["longest"] = {step: (seconds, number) for step, (seconds, number) in kept["longest"].items()}
        kept["peak"] = tuple(kept["peak"])
        return cls(**kept)

    def told(self) -> str:
        """The figures of the run, as they go into a closing note."""
        lines = [f"{self.inputs} inputs in {self.seconds / 60:.1f} min"]
        lines += [f"  {count:7d}  {name}" for name, count in self.outcomes.most_common()]
        lines += ["by kind: " + ", ".join(f"{name} {count}" for name, count in self.kinds.most_common())]
        for step, (seconds, number) in sorted(self.longest.items(), key=lambda item: -item[1][0]):
            lines.append(f"longest {step}: {seconds:.2f} s (input {number})")
        lines.append(f"peak memory of one input: {self.peak[0] / 2**20:.0f} MiB (input {self.peak[1]})")
        lines.append(f"peak of a child and its decoders: {self.tree / 2**20:.0f} MiB")
        for title, kept in (("unforeseen", self.unforeseen), ("FINDING", self.findings)):
            for what, numbers in sorted(kept.items(), key=lambda item: -len(item[1])):
                lines.append(f"{title} {len(numbers)} × (inputs {', '.join(map(str, numbers[:3]))}): {what}")
        return "\n".join(lines)


class Child:
    """One child process and the thread that reads what it tells."""

    def __init__(self, plan: dict[str, Any], log: Path) -> None:
        self.messages: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._log = open(log, "ab")  # noqa: SIM115 - the child writes to it as long as it lives
        self.process = subprocess.Popen(
            [*plan.get("command", _CHILD), json.dumps(plan)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._log, start_new_session=True,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                with contextlib.suppress(ValueError):
                    self.messages.put(json.loads(line))
        self.messages.put(None)

    def resident(self) -> tuple[int, int]:
        """Bytes of the child alone, and with all that it started."""
        try:
            main = psutil.Process(self.process.pid)
            sizes = [main.memory_info().rss]
            sizes += [one.memory_info().rss for one in main.children(recursive=True)]
        except psutil.Error:
            return 0, 0
        return sizes[0], sum(sizes)

    def end(self, *, hung: bool) -> int:
        """Stop the child and all that it started; its exit code."""
        if hung:
            self.process.send_signal(signal.SIGABRT)  # faulthandler writes to the log where it hangs
            time.sleep(0.5)
        started = []
        with contextlib.suppress(psutil.Error):
            started = psutil.Process(self.process.pid).children(recursive=True)
        for one in started:
            try:
                one.kill()
            except psutil.Error:
                continue
        if hung:
            self.process.kill()
        code = self.process.wait()
        self._reader.join()
        self._log.close()
        return code


def run(files: Sequence[Path], plan: dict[str, Any], jobs: int, path: Path, folder: Path) -> Books:
    """Run inputs "first" to "stop" of a plan with this "seed"; goes on where the books at `path` end.

    Parameters
    ----------
    files : what inputs are made of.
    jobs : children at a time.
    folder : for the inputs, and for nothing else.
    """
    listed = folder / "files"
    listed.write_text("\n".join(str(file) for file in files))
    books = Books.load(path) if path.exists() else Books()
    plan = {**plan, "files": str(listed), "stride": jobs, "folder": str(folder)}
    lock, saved, start = threading.Lock(), time.monotonic(), time.monotonic() - books.seconds

    def ended() -> None:
        nonlocal saved
        if time.monotonic() - saved > _SAVE_EVERY:
            saved = time.monotonic()
            books.seconds = saved - start
            books.save(path)

    log = path.with_suffix(".log")
    threads = [
        threading.Thread(target=_run_job, args=(plan, job, books, lock, log, ended)) for job in range(jobs)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    books.seconds = time.monotonic() - start
    books.save(path)
    return books


def _run_job(
    plan: dict[str, Any], job: int, books: Books, lock: threading.Lock, log: Path, ended: Callable[[], None]
) -> None:
    """All inputs of one job: children follow each other, each goes on after the input that ended the last."""
    number = books.done.get(job, plan["first"] + job)
    while number < plan["stop"]:
        stop = min(plan["stop"], number + _RECYCLE * plan["stride"])
        child = Child({**plan, "first": number, "stop": stop}, log)
        number = _follow(child, number, stop, plan["stride"], job, books, lock, ended)


def _follow(
    child: Child, number: int, stop: int, stride: int, job: int,
    books: Books, lock: threading.Lock, ended: Callable[[], None],
) -> int:  # fmt: skip
    """Read what a child tells until it ends or has to be ended; the next input to do."""
    kind, step, since, base = "", "import", time.monotonic() + 60, 0
    while True:
        try:
            said = child.messages.get(timeout=0.1)
        except queue.Empty:
            alone, tree = child.resident()
            books.tree = max(books.tree, tree)
            hung = time.monotonic() - since > HANG + _GRACE
            if not hung and alone - base < 4 * MEMORY:
                continue
            child.end(hung=True)
            what = f"hang in {step}" if hung else f"memory without end in {step}"
            with lock:
                books.finding(f"{what} ({kind})", number)
                return _book(books, job, number, kind, what.split(" in ")[0], stride)
        since = time.monotonic()
        if said is None or said["step"] == "done":
            code = child.end(hung=False)
            if said is not None or number >= stop:
                return stop if said is None else max(number, int(said["number"]))
            with lock:
                books.finding(f"crash in {step}, exit code {code} ({kind})", number)
                return _book(books, job, number, kind, "crash", stride)
        step = said["step"]
        if step == "start":
            number, kind, base = said["number"], said["kind"], child.resident()[0]
        if step != "end":
            continue
        with lock:
            _end(books, said, kind, number)
            number = _book(books, job, number, kind, said["outcome"], stride)
            ended()


def _end(books: Books, said: dict[str, Any], kind: str, number: int) -> None:
    if said["outcome"] == "exception":
        books.finding(f"{said['what']} ({kind})", number)
    for words in said.get("unforeseen", ()):
        books.unforeseen.setdefault(words, []).append(number)
    for name, seconds in said.get("steps", {}).items():
        if seconds > books.longest.get(name, (0.0, 0))[0]:
            books.longest[name] = seconds, number
        if seconds > HANG + _GRACE:
            books.finding(f"{name} took longer than {HANG:g} s ({kind})", number)
    if said["peak"] > books.peak[0]:
        books.peak = said["peak"], number
    if said["peak"] > MEMORY:
        books.finding(f"took more than {MEMORY >> 20} MiB ({kind})", number)


def _book(books: Books, job: int, number: int, kind: str, outcome: str, stride: int) -> int:
    books.inputs += 1
    books.outcomes[outcome] += 1
    books.kinds[kind] += 1
    books.done[job] = number + stride
    return number + stride
