"""A second start and the window that is open already."""

import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtNetwork import QLocalSocket

from viewer.instance import HEARD, Instance, hand_over, server_name

START = """\
import sys
from pathlib import Path
from viewer.instance import hand_over
sys.exit(0 if hand_over({}) else 7)
"""


@pytest.fixture
def window(qtbot, tmp_path):
    """The window that is open, and what it was asked."""
    one = Instance()
    one.heard = []
    one.asked.connect(one.heard.append)
    assert one.listen()
    yield one
    one.close()


def start(qtbot, words):
    """Another start, in a process of its own; its exit code."""
    process = subprocess.Popen([sys.executable, "-c", START.format(words)])
    qtbot.waitUntil(lambda: process.poll() is not None, timeout=30_000)
    return process.returncode


def say(qtbot, data):
    socket = QLocalSocket()
    socket.connectToServer(server_name())
    assert socket.waitForConnected(2000)
    socket.write(data)
    socket.flush()
    qtbot.wait(100)
    return bytes(socket.readAll().data())


def test_the_path_of_a_second_start_reaches_the_open_window(qtbot, window):
    assert start(qtbot, "Path('studies/a b')") == 0
    assert window.heard == [Path.cwd() / "studies" / "a b"]


def test_a_second_start_without_a_path_asks_the_window_to_the_front(qtbot, window):
    assert start(qtbot, "None") == 0
    assert window.heard == [None]


def test_without_a_window_a_start_is_the_first(qtbot):
    assert start(qtbot, "None") == 7


def test_there_is_one_such_window_and_the_next_takes_its_place_when_it_is_closed(qtbot, window):
    other = Instance()
    assert not other.listen()
    window.close()
    assert other.listen()
    other.close()


def test_what_a_killed_window_left_behind_is_cleared_away(qtbot):
    code = (
        "import os; from PySide6.QtCore import QCoreApplication; from viewer.instance import Instance;"
        "app = QCoreApplication([]); one = Instance(); ok = one.listen(); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
    assert not hand_over(None)
    one = Instance()
    assert one.listen()
    one.close()


@pytest.mark.parametrize(
    "data", [b"\n", b"no json\n", b'{"open": 1}\n', b"[]\n", b"[" * 5000 + b"\n", b"x" * 70000]
)
def test_what_no_start_says_is_not_heard(qtbot, window, data):
    assert say(qtbot, data) != HEARD
    assert window.heard == []
    assert say(qtbot, b'{"open": ""}\n') == HEARD


def test_other_settings_have_another_window(qtbot, window, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "other"))
    assert not hand_over(None)
