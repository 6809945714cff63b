"""A decoder that goes wrong costs one message, and the next frame decodes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import psutil
import pytest
from pydicom import uid as uids

from tests.support.decoder_processes import BAD, ROOT, SLOW, WAYS, codestream, misbehaving
from tests.support.dicom_factory import compressed, gradient, image
from viewer.dicom.layout import Layout
from viewer.dicom.processes import DecoderPool
from viewer.errors import Cancelled, PixelError

SYNTAX = str(uids.JPEGLSLossless)
PIXELS = gradient(40, 36).astype("u2")
LAYOUT = Layout(40, 36, 1, "MONOCHROME2", 16, 16, 15, False, False, 1)
ENCODED = codestream(compressed(image(PIXELS), SYNTAX))

SAID = {
    "sleeps": "longer than 2 s",
    "hangs and holds the interpreter lock": "longer than 2 s",
    "is busy for ever": "longer than 2 s",
    "takes all address space": "more than 256 MiB of memory",
    "takes all memory in spite of the limit of its address space": "more than 256 MiB of memory",
}


@pytest.fixture
def pool():
    """A function that makes a pool, whose processes end with the test."""
    made = []

    def make(*arguments, **options):
        made.append(DecoderPool(*arguments, **{"size": 1, **options}))
        return made[-1]

    yield make
    pids = [pid for one in made for pid in one.pids]
    for one in made:
        one.stop()
        assert one.pids == []
    assert not [pid for pid in pids if psutil.pid_exists(pid)]


@pytest.mark.parametrize("way", WAYS)
def test_a_decoder_that_goes_wrong_costs_one_message_and_the_next_frame_decodes(pool, way):
    if sys.platform != "linux" and "address space" in way:
        pytest.skip("only Linux bounds the address space")
    decoders = pool(misbehaving(way), seconds=2.0, memory=256 << 20)
    assert np.array_equal(decoders.decode(ENCODED, LAYOUT, SYNTAX), PIXELS)
    start = time.monotonic()
    with pytest.raises(PixelError) as raised:
        decoders.decode(BAD + ENCODED, LAYOUT, SYNTAX)
    assert time.monotonic() - start < 20
    assert SAID.get(way, "crashed") in raised.value.what and raised.value.remedy
    assert np.array_equal(decoders.decode(ENCODED, LAYOUT, SYNTAX), PIXELS)


@pytest.mark.parametrize(
    "command",
    [[sys.executable, "-c", "raise SystemExit(3)"], [sys.executable, "-c", "print('hello')"], ["/no/such"]],
)
def test_a_decoder_that_cannot_be_started_is_said_so(pool, command):
    with pytest.raises(PixelError, match="could not be started") as raised:
        pool(command).decode(ENCODED, LAYOUT, SYNTAX)
    assert raised.value.remedy


def test_a_decoder_that_works_on_is_not_given_up_because_the_computer_is_busy(pool):
    decoders = pool(misbehaving(SLOW), seconds=2.0)
    assert np.array_equal(decoders.decode(BAD + ENCODED, LAYOUT, SYNTAX), PIXELS)


def test_data_that_no_decoder_reads_cost_no_process(pool):
    decoders = pool()
    decoders.decode(ENCODED, LAYOUT, SYNTAX)
    before = decoders.pids
    assert decoders.decode(ENCODED[:50], LAYOUT, SYNTAX) is None
    assert decoders.pids == before


def test_a_process_that_somebody_killed_is_replaced_in_silence(pool):
    decoders = pool()
    decoders.decode(ENCODED, LAYOUT, SYNTAX)
    (pid,) = decoders.pids
    psutil.Process(pid).kill()
    psutil.Process(pid).wait(5)
    assert np.array_equal(decoders.decode(ENCODED, LAYOUT, SYNTAX), PIXELS)


def test_several_threads_share_the_processes(pool):
    decoders = pool(size=2)
    frames = [np.roll(PIXELS, n) for n in range(40)]
    encoded = [codestream(compressed(image(frame), SYNTAX)) for frame in frames]
    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(lambda one: decoders.decode(one, LAYOUT, SYNTAX), encoded))
    assert np.array_equal(found, frames)
    assert len(decoders.pids) == 2


def test_more_threads_than_processes_never_take_one_from_another(pool):
    decoders = pool(size=2)
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # so that threads meet wherever they can
    try:
        with ThreadPoolExecutor(6) as threads:
            frames = list(threads.map(lambda _: decoders.decode(ENCODED, LAYOUT, SYNTAX), range(400)))
    finally:
        sys.setswitchinterval(usual)
    assert all(np.array_equal(frame, PIXELS) for frame in frames)
    assert len(decoders.pids) == 2


def test_frames_decode_while_another_decoder_hangs(pool):
    decoders = pool(misbehaving("sleeps"), size=2, seconds=5.0)
    decoders.decode(ENCODED, LAYOUT, SYNTAX)
    with ThreadPoolExecutor(1) as thread:
        hanging = thread.submit(decoders.decode, BAD, LAYOUT, SYNTAX)
        while not hanging.running():
            time.sleep(0.01)
        for _ in range(5):
            assert np.array_equal(decoders.decode(ENCODED, LAYOUT, SYNTAX), PIXELS)
        assert not hanging.done()
        assert isinstance(hanging.exception(), PixelError)


def test_stopping_does_not_wait_for_a_decoder_that_hangs(pool):
    decoders = pool(misbehaving("hangs and holds the interpreter lock"), seconds=60)
    decoders.decode(ENCODED, LAYOUT, SYNTAX)
    with ThreadPoolExecutor(2) as threads:
        hanging = [threads.submit(decoders.decode, BAD, LAYOUT, SYNTAX) for _ in range(2)]
        time.sleep(0.2)
        start = time.monotonic()
        decoders.stop()
        assert time.monotonic() - start < 1
        assert [type(one.exception(5)) for one in hanging] == [Cancelled, Cancelled]
    assert np.array_equal(decoders.decode(ENCODED, LAYOUT, SYNTAX), PIXELS)  # and can be used again


def test_a_process_that_was_started_ahead_is_the_one_that_decodes(pool):
    decoders = pool()
    decoders.prewarm()
    decoders.prewarm()
    before = decoders.pids
    decoders.decode(ENCODED, LAYOUT, SYNTAX)
    assert decoders.pids == before and len(before) == 1


def test_nobody_watches_when_nothing_is_decoded(pool):
    decoders = pool()
    decoders.decode(ENCODED, LAYOUT, SYNTAX)
    deadline = time.monotonic() + 10
    while any(thread.name == "glassbox-decoders" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize("state", ["idle", "hanging"])
def test_a_program_that_is_killed_leaves_no_decoder_behind(state):
    code = f"""
import sys, threading, time
sys.path.insert(0, {ROOT!r})
from viewer.dicom.processes import DecoderPool
from viewer.dicom.layout import Layout
pool = DecoderPool({misbehaving("hangs and holds the interpreter lock")!r}, seconds=0.5)
shape = Layout(*{tuple(getattr(LAYOUT, name) for name in LAYOUT.__slots__)!r})
pool.decode({ENCODED!r}, shape, {SYNTAX!r})
if {state!r} == "hanging":
    threading.Thread(target=pool.decode, args=({BAD!r}, shape, {SYNTAX!r}), daemon=True).start()
    time.sleep(0.2)
print(*pool.pids, flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as program:
        (pid,) = map(int, program.stdout.readline().split())
        os.kill(program.pid, signal.SIGKILL)
    child = psutil.Process(pid) if psutil.pid_exists(pid) else None
    if child is not None:
        psutil.wait_procs([child], timeout=20)
    assert not psutil.pid_exists(pid)


def test_a_program_that_ends_leaves_no_decoder_and_no_warning_behind():
    code = f"""
import sys
sys.path.insert(0, {ROOT!r})
from viewer.dicom.processes import POOL
from viewer.dicom.layout import Layout
shape = Layout(*{tuple(getattr(LAYOUT, name) for name in LAYOUT.__slots__)!r})
assert POOL.decode({ENCODED!r}, shape, {SYNTAX!r}).shape == (40, 36)
print(*POOL.pids)
"""
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0 and done.stderr == ""
    assert not any(psutil.pid_exists(int(pid)) for pid in done.stdout.split())
