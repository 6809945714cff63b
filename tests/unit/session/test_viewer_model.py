"""The one mutable object announces a change once, and only if it is one."""

from viewer.session.viewer_model import ViewerModel


def test_a_change_is_announced_once_with_what_was_before(qtbot):
    model, heard = ViewerModel(), []
    model.changed.connect(lambda old, new: heard.append((old.slice, new.slice)))
    model.update(slice=3)
    model.update(slice=3)
    model.update()
    assert heard == [(0, 3)]
    assert model.state.slice == 3
