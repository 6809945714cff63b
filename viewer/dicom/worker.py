"""A decoder process: reads codestreams on its standard input and writes their samples, until that ends.

It is started as a program of its own, not by multiprocessing: Glassbox takes numbers from it and never
an object, so that a decoder that bad data took over cannot act in Glassbox. A message is two lengths, a
JSON document and raw bytes; see `send`.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import struct
import sys
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from viewer.dicom.site_calls import SiteDecoders

_LENGTHS = struct.Struct(">IQ")
_TEXT_LIMIT = 1 << 16
_GRACE = 3.0
"""Seconds after which a process ends itself if the one that should have killed it is gone."""


class Garbled(Exception):
    """What came is no message: the other side is gone, or not what it was."""


def send(stream: IO[bytes], text: dict[str, Any], data: bytes | memoryview = b"") -> None:
    """Write a message: a JSON document and the bytes that go with it."""
    encoded = json.dumps(text).encode()
    _write(stream, memoryview(_LENGTHS.pack(len(encoded), len(data)) + encoded))
    _write(stream, memoryview(data))


def receive(stream: IO[bytes]) -> tuple[dict[str, Any], int]:
    """Read the JSON document of a message, and how many bytes come after it: read those with `fill`."""
    head = bytearray(_LENGTHS.size)
    fill(stream, memoryview(head))
    length, size = _LENGTHS.unpack(head)
    if length > _TEXT_LIMIT:
        raise Garbled
    encoded = bytearray(length)
    fill(stream, memoryview(encoded))
    try:
        text = json.loads(encoded)
    except (ValueError, RecursionError) as error:
        raise Garbled from error
    if not isinstance(text, dict):
        raise Garbled
    return text, size


def fill(stream: IO[bytes], room: memoryview) -> None:
    """Read exactly as many bytes as there is room for; raises `Garbled` if the stream ends before."""
    while room:
        count = stream.readinto(room)  # type: ignore[attr-defined]
        if not count:
            raise Garbled
        room = room[count:]


def _write(stream: IO[bytes], data: memoryview) -> None:
    while data:
        data = data[stream.write(data) :]


def main() -> None:
    """Serve standard input until it ends. Nothing but messages goes to the standard output."""
    incoming, outgoing = _private_streams()
    _leave_no_trace()
    from viewer.dicom import layout  # noqa: F401  (imports pydicom, and that the decoders)
    from viewer.dicom.site_calls import SiteDecoders

    sites = SiteDecoders()
    send(outgoing, {"ready": True})
    while True:
        try:
            request, size = receive(incoming)
        except Garbled:  # the pipe ended: nobody asks any more
            return
        encoded = bytearray(size)
        fill(incoming, memoryview(encoded))
        with _limits(float(request["seconds"]) + _GRACE, int(request["memory"])):
            pixels, reply = _answered(request, bytes(encoded), sites)
        send(outgoing, reply, b"" if pixels is None else pixels.data.cast("B"))


def _answered(
    request: dict[str, Any], encoded: bytes, sites: SiteDecoders
) -> tuple[np.ndarray | None, dict[str, str]]:
    """The samples, or what is wrong in a word; neither where a decoder of the site was to be loaded."""
    from viewer.dicom import codecs
    from viewer.dicom.layout import Layout
    from viewer.dicom.site_calls import Refused

    site = request["site"]
    try:
        if request["load"]:
            sites.load(**site)
            return None, {}
        shape, syntax = Layout(**request["layout"]), request["syntax"]
        if site:
            return sites.decode(**site, encoded=encoded, shape=shape, syntax=syntax), {}
        pixels = codecs.decode(encoded, shape, syntax)
    except MemoryError:
        return None, {"problem": "memory"}
    except Refused as refused:
        return None, {"problem": refused.kind, "why": str(refused)}
    return pixels, {} if pixels is not None else {"problem": "damaged"}


def _private_streams() -> tuple[IO[bytes], IO[bytes]]:
    """The pipes to Glassbox under new numbers: C libraries print on 1 and 2 what would garble messages."""
    incoming = os.fdopen(os.dup(0), "rb", buffering=0)
    outgoing = os.fdopen(os.dup(1), "wb", buffering=0)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    return incoming, outgoing


def _leave_no_trace() -> None:
    """A crash is told in one sentence by Glassbox: no core file with pixels in it, no window of Windows."""
    if sys.platform == "win32":
        import ctypes

        ctypes.windll.kernel32.SetErrorMode(0x0001 | 0x0002)  # SEM_FAILCRITICALERRORS, SEM_NOGPFAULTERRORBOX
        return
    import resource
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for Glassbox, which then ends this process
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


@contextlib.contextmanager
def _limits(seconds: float, memory: int) -> Iterator[None]:
    """What one codestream may cost before the process ends by itself.

    Glassbox kills it earlier. This is for when Glassbox was killed while a decoder hangs: faulthandler's
    clock does not need the interpreter lock that the decoder may hold.
    """
    with open(os.devnull, "w") as nowhere:
        faulthandler.dump_traceback_later(seconds, exit=True, file=nowhere)
        _allow(memory)
        try:
            yield
        finally:
            _allow(None)
            faulthandler.cancel_dump_traceback_later()


def _allow(memory: int | None) -> None:
    """Bound the address space to so many bytes more than now, where the system can: a decoder then fails
    at once, before the machine swaps."""
    if sys.platform != "linux":
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = hard
    if memory is not None:
        with open("/proc/self/statm") as pages:
            limit = int(pages.read().split()[0]) * resource.getpagesize() + memory
    with contextlib.suppress(ValueError, OSError):  # an administrator's limit may be lower still
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
