"""What holds for every test: no one's settings are touched, no thread and no window is left behind."""

from __future__ import annotations

import gc
import os
import socket

import pytest

import viewer

assert viewer  # imported before any test imports NumPy, as in the program: it settles NumPy's threads

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


def pytest_collection_modifyitems(items):
    """The offscreen platform complains about every window with a minimum size; other platforms do not."""
    for item in items:
        item.add_marker(pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints"))


def pytest_addoption(parser):
    parser.addoption("--approve", action="store_true", help="renew the golden images; then look at them")


def pytest_sessionfinish():
    gc.unfreeze()  # or native packages take what is frozen for leaks, and say so at exit


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory, monkeypatch):
    """Settings and logs go to a folder of the test's own; no models or codecs of this machine are seen."""
    monkeypatch.delenv("GLASSBOX_MODELS", raising=False)
    monkeypatch.delenv("GLASSBOX_CODECS", raising=False)
    folder = tmp_path_factory.mktemp("user")
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(folder / name.lower()))


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Glassbox never calls anybody: a test fails on every socket that reaches beyond this machine's files."""

    def local_only(call):
        def guarded(self, *args):
            if self.family in (socket.AF_INET, socket.AF_INET6):
                raise AssertionError(f"the network was asked for: {args}")
            return call(self, *args)

        return guarded

    def unresolved(*args, **_):
        raise AssertionError(f"a name was looked up in the network: {args}")

    for name in ("bind", "connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, local_only(getattr(socket.socket, name)))
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
        monkeypatch.setattr(socket, name, unresolved)


@pytest.fixture(autouse=True)
def nothing_is_left_behind(request, monkeypatch):
    """Fails a test that leaves a QThread running (it would abort the process) or a window open.

    Garbage is collected when the threads of the test have ended: a worker that collects it would
    destroy QObjects of the GUI thread and crash (see viewer/jobs/collector.py).
    """
    if "qtbot" not in request.fixturenames:
        yield
        return
    from PySide6.QtCore import QThread
    from PySide6.QtWidgets import QApplication

    started: list[QThread] = []
    start = QThread.start

    def watched(self, *args):
        started.append(self)
        start(self, *args)

    monkeypatch.setattr(QThread, "start", watched)
    gc.disable()
    yield
    running = [thread.objectName() for thread in started if thread.isRunning()]
    for thread in started:
        thread.quit()
        thread.wait(5000)
    started.clear()
    windows = [widget for widget in QApplication.topLevelWidgets() if widget.isVisible()]
    for window in windows:
        window.close()
    gc.collect()
    gc.freeze()  # what lives on is not looked at again after every test
    gc.enable()
    assert not running, f"still running: {running}"
    assert not windows, f"still open: {windows}"


@pytest.fixture
def controller(qtbot):
    """A controller with a view that only remembers; shut down at the end."""
    from tests.support.headless_view import HeadlessView
    from viewer.controller import Controller

    made = Controller()
    made.attach(HeadlessView())
    yield made
    assert made.shutdown(20_000)


@pytest.fixture
def screen(controller):
    """The view of `controller`."""
    return controller._desk.view
