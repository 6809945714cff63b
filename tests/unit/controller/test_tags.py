"""Attributes are read in the background for the slice on the screen, and only while somebody watches."""

from __future__ import annotations

from tests.support import dicom_factory


def values(screen, tag):
    rows, _ = screen.tags[-1]
    return [row.value for row in rows if row.tag == tag]


def number(screen):
    """Instance Number of the slice on the screen."""
    return [str(screen.view.header.instance_number)]


def opened(controller, screen, qtbot, tmp_path, **more):
    dicom_factory.write_series(tmp_path / "study", 3, **more)
    controller.open(tmp_path / "study")
    qtbot.waitUntil(lambda: screen.scanned is not None and screen.view.slice is not None)
    controller.go_to(0)


def test_nothing_is_read_while_nobody_watches(controller, screen, qtbot, tmp_path):
    opened(controller, screen, qtbot, tmp_path)
    controller.step(1)
    assert not controller._tags.runner.busy and not screen.tags


def test_the_rows_follow_the_slice(controller, screen, qtbot, tmp_path):
    opened(controller, screen, qtbot, tmp_path)
    controller.watch_tags(True)
    qtbot.waitUntil(lambda: bool(screen.tags) and values(screen, "(0020,0013)") == number(screen))
    controller.step(1)
    qtbot.waitUntil(lambda: values(screen, "(0020,0013)") == number(screen))
    assert len(screen.tags) == 2 and screen.tags[0] != screen.tags[1]
    before = len(screen.tags)
    controller.toggle_invert()
    assert not controller._tags.runner.busy and len(screen.tags) == before
    controller.watch_tags(False)
    controller.step(1)
    assert not controller._tags.runner.busy and len(screen.tags) == before


def test_hidden_identity_is_hidden_here_too(controller, screen, qtbot, tmp_path):
    opened(controller, screen, qtbot, tmp_path, patient="Doe^Jane")
    controller.watch_tags(True)
    qtbot.waitUntil(lambda: bool(screen.tags) and values(screen, "(0010,0010)") == ["Doe^Jane"])
    controller.set_deidentified(True)
    qtbot.waitUntil(lambda: values(screen, "(0010,0010)") == ["(hidden)"])


def test_a_file_that_is_gone_is_said(controller, screen, qtbot, tmp_path):
    opened(controller, screen, qtbot, tmp_path)
    controller.view.header.source.path.unlink()
    controller.watch_tags(True)
    qtbot.waitUntil(lambda: bool(screen.tags))
    rows, problem = screen.tags[-1]
    assert rows == () and "cannot be read" in problem


def test_an_empty_viewer_has_no_rows(controller, screen):
    controller.watch_tags(True)
    assert screen.tags == [((), "")]
