"""torch's libraries are mapped before torch is imported, and the import still works."""

import json
import subprocess
import sys

import pytest

from viewer.inference import preload

MAPPED = """
import json, sys
from viewer.inference.preload import preload_torch
mapped = preload_torch()
maps = open("/proc/self/maps").read()
early = "torch" in sys.modules
import torch
print(json.dumps([mapped, "libtorch_cpu.so" in maps, early, float(torch.ones(3).sum()), preload_torch()]))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems load libraries otherwise")
def test_the_libraries_are_there_before_the_import_and_torch_works_with_them():
    done = subprocess.run([sys.executable, "-c", MAPPED], check=True, capture_output=True, text=True)
    assert json.loads(done.stdout) == [True, True, False, 3.0, False]


def test_where_it_cannot_be_done_nothing_happens(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setattr(preload.importlib.util, "find_spec", lambda name: None)
    assert not preload.preload_torch()
    monkeypatch.setattr(preload.sys, "platform", "win32")
    assert not preload.preload_torch()
