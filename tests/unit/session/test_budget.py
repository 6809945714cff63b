"""The budget: from what the machine has, and less when little of it is left."""

import pytest

from viewer.session import budget
from viewer.session.budget import FLOOR, LEAST, MIB, Budget, Memory, slice_budget

GIB = 1024 * MIB


@pytest.mark.parametrize(
    ("wanted", "total", "expected"),
    [
        (0, 4 * GIB, GIB),
        (0, 64 * GIB, 16 * GIB),
        (0, GIB // 2, LEAST),
        (300, 8 * GIB, 300 * MIB),
        (100_000, 8 * GIB, 4 * GIB),
    ],
)
def test_the_budget_follows_the_memory_unless_the_reader_chose_less_than_half_of_it(wanted, total, expected):
    assert slice_budget(wanted, total) == expected


def test_the_cache_shrinks_when_memory_falls_low_and_may_grow_again(monkeypatch):
    monkeypatch.setattr(budget, "LOOK_EVERY", 0.0)
    left = [4 * GIB]
    made = Budget(0, lambda: Memory(8 * GIB, left[0]))
    assert made.bound(0) == LEAST  # nobody has looked yet
    made.refresh()
    assert made.bound(GIB) == 2 * GIB
    left[0] = 300 * MIB
    made.refresh()
    assert made.bound(GIB) == GIB - 212 * MIB  # 512 MiB, a sixteenth, is left to the others
    left[0] = 0
    made.refresh()
    assert made.bound(GIB) == GIB - 512 * MIB
    assert made.bound(FLOOR) == FLOOR
    left[0] = 4 * GIB
    made.refresh()
    assert made.bound(GIB) == 2 * GIB


def test_the_machine_is_not_asked_for_every_slice():
    looks = []

    def look():
        looks.append(1)
        return Memory(8 * GIB, 4 * GIB)

    made = Budget(0, look)
    for _ in range(1000):
        made.refresh()
    assert len(looks) == 1


def test_a_container_with_less_memory_than_the_machine_is_respected(tmp_path, monkeypatch):
    group = tmp_path / "memory" / "shop" / "glassbox"
    group.mkdir(parents=True)
    for folder, limit, used in ((group, GIB, 600 * MIB), (group.parent, 9_223_372_036_854_771_712, GIB)):
        (folder / "memory.limit_in_bytes").write_text(f"{limit}\n")
        (folder / "memory.usage_in_bytes").write_text(f"{used}\n")
        (folder / "memory.stat").write_text(f"total_inactive_file {100 * MIB}\ntotal_active_file 0\n")
    own = tmp_path / "cgroup"
    own.write_text("8:cpu:/\n4:memory:/shop/glassbox\n")
    limits = budget._container(tmp_path, own)
    assert limits[0] == (GIB, 500 * MIB)  # file pages are given back when they are needed
    monkeypatch.setattr(budget, "_container", lambda *_: limits)
    seen = budget.memory()
    assert seen.total == GIB and 0 <= seen.available <= 524 * MIB


def test_a_container_of_the_second_kind_without_a_limit_is_none(tmp_path):
    (tmp_path / "memory.max").write_text("max\n")
    own = tmp_path / "cgroup"
    own.write_text("0::/\n")
    assert budget._container(tmp_path, own) == []
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("400\n")
    (tmp_path / "memory.stat").write_text("active_file 10\ninactive_file 20\n")
    assert budget._container(tmp_path, own) == [(1000, 370)]
    assert budget._container(tmp_path, tmp_path / "gone") == []


def test_this_machine_has_some_memory():
    seen = budget.memory()
    assert 0 < seen.available <= seen.total
