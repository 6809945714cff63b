"""Decoder processes that go wrong on purpose: real ones, but for codestreams that begin with `BAD`."""

from __future__ import annotations

import sys
from pathlib import Path

from pydicom import encaps
from pydicom.dataset import FileDataset

BAD = b"BAD!"
ROOT = str(Path(__file__).resolve().parents[2])

WAYS = {
    "crashes": "import ctypes; ctypes.string_at(0)",
    "aborts": "import os; os.abort()",
    "leaves": "import os; os._exit(0)",
    "raises what nobody expects": "raise SystemExit(3)",
    "sleeps": "import time; time.sleep(60)",
    "hangs and holds the interpreter lock": "import ctypes; ctypes.PyDLL(None).sleep(60)",
    "is busy for ever": "while True: pass",
    "takes all address space": "kept = [bytearray(1 << 24) for _ in range(1 << 20)]",
    "takes all memory in spite of the limit of its address space": (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)\n"
        "    import time; kept = []\n"
        "    for _ in range(200): kept.append(b'x' * (1 << 24)); time.sleep(0.01)"
    ),
    "answers with too few pixels": "import numpy; return numpy.zeros(3, 'u1')",
    "answers with rubbish": "worker.send = lambda stream, *_: stream.write(b'rubbish' * 99)",
    "answers with a document of another kind": "worker.send = lambda stream, *_: send(stream, [1])",
    "answers with endless text": (
        "worker.send = lambda stream, *_: stream.write(b'\\xff\\xff\\xff\\xff' + bytes(8) + b'[' * 70000)"
    ),
    "answers with deep nesting": (
        "worker.send = lambda stream, *_: stream.write((60000).to_bytes(4, 'big') + bytes(8) + b'[' * 60000)"
    ),
}

# Three seconds, in which it gets a fifth of a processor, as on a computer that has other work.
SLOW = """import time
    end = time.monotonic() + 3
    while time.monotonic() < end:
        time.sleep(0.08)
        burnt = time.process_time() + 0.02
        while time.process_time() < burnt: pass
    return decode(encoded[4:], shape, syntax)"""


def misbehaving(way: str) -> list[str]:
    """A command for `DecoderPool`: a decoder process that goes wrong in one of `WAYS`, or is `SLOW`."""
    code = f"""
import sys
sys.path.insert(0, {ROOT!r})
from viewer.dicom import codecs, worker
decode, send = codecs.decode, worker.send
def wrong(encoded, shape, syntax):
    if not encoded.startswith({BAD!r}):
        return decode(encoded, shape, syntax)
    {WAYS.get(way, way)}
codecs.decode = wrong
worker.main()
"""
    return [sys.executable, "-c", code]


def codestream(dataset: FileDataset) -> bytes:
    """The one frame of a compressed dataset."""
    return encaps.get_frame(dataset.PixelData, 0, number_of_frames=1)
