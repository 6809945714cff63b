"""A screen of its own (Xvfb) that is read from its frame buffer, and a keyboard (xdotool): nothing inside the
program is asked or changed."""

from __future__ import annotations

import mmap
import os
import struct
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

SIZE = (1440, 900)
_DEADLINE = 20.0


class Screen:
    """A virtual screen without a window manager; a context, as it must be shut down."""

    def __enter__(self) -> Screen:
        self._folder = tempfile.TemporaryDirectory(prefix="glassbox-screen-")
        reader, writer = os.pipe()
        geometry = f"{SIZE[0]}x{SIZE[1]}x24"
        self._server = subprocess.Popen(
            [
                "Xvfb",
                "-displayfd",
                str(writer),
                "-screen",
                "0",
                geometry,
                "-fbdir",
                self._folder.name,
                "-nolisten",
                "tcp",
                "-noreset",
            ],
            pass_fds=(writer,),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(writer)
        with os.fdopen(reader) as stream:
            self.display = f":{stream.readline().strip()}"
        if self.display == ":":
            raise SystemExit("Xvfb did not start")
        with open(Path(self._folder.name) / "Xvfb_screen0", "rb") as file:
            self._buffer = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.terminate()
        self._server.wait(10)
        self._buffer.close()
        self._folder.cleanup()

    def pixels(self) -> np.ndarray:
        """What the screen shows: (rows, cols, 3) uint8, RGB. The frame buffer is an XWD file, version 7."""
        header = struct.unpack(">25I", self._buffer[:100])
        offset, colors, line = header[0], header[19], header[12]
        data = np.frombuffer(self._buffer, np.uint8, line * SIZE[1], offset + 12 * colors)
        return data.reshape(SIZE[1], line // 4, 4)[:, : SIZE[0], 2::-1].copy()

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(self.pixels()).save(path)

    def wait_painted(self, seconds: float) -> float:
        """Seconds until half of the middle of the empty (black) screen has been painted."""
        start = time.monotonic()
        while (self.pixels()[300:600, 400:1000].max(2) > 8).mean() < 0.5:
            if time.monotonic() - start > seconds:
                raise TimeoutError(f"nothing was painted within {seconds:g} s")
            time.sleep(0.005)
        return time.monotonic() - start

    # The keyboard

    def window(self, title: str, seconds: float = _DEADLINE) -> str:
        """The number of the visible window whose title matches; given the keyboard."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = self._xdotool("search", "--onlyvisible", "--name", title).split()
            if found:
                self._xdotool("windowfocus", "--sync", found[-1])
                time.sleep(0.3)
                return found[-1]
            time.sleep(0.1)
        raise TimeoutError(f"no window '{title}' within {seconds:g} s")

    def wait_closed(self, title: str, seconds: float = _DEADLINE) -> None:
        end = time.monotonic() + seconds
        while self._xdotool("search", "--onlyvisible", "--name", title).split():
            if time.monotonic() > end:
                raise TimeoutError(f"the window '{title}' did not close within {seconds:g} s")
            time.sleep(0.1)

    def press(self, *keys: str) -> None:
        for key in keys:
            self._xdotool("key", "--clearmodifiers", key)
            time.sleep(0.15)

    def type(self, text: str) -> None:
        self._xdotool("type", "--delay", "15", text)

    def _xdotool(self, *arguments: str) -> str:
        environment = os.environ | {"DISPLAY": self.display}
        done = subprocess.run(
            ["xdotool", *arguments], env=environment, capture_output=True, text=True, timeout=30
        )
        return done.stdout
