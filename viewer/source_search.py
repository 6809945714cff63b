"""Spares every import PySide's search through the source text of the module.

For `from __feature__ import snake_case` PySide reads the source of whatever is imported after it, torch
included, and looks for its own name there. Nothing here uses those features, so the answer is never asked
for; the reading took a tenth of the start. A frozen build, which has no sources, looks for them all the same.
"""

from __future__ import annotations

import sys
from types import ModuleType


def spare() -> bool:
    """Put an end to it; False where this PySide has no such search."""
    from PySide6 import QtCore  # noqa: F401 - brings the module that searches

    feature = sys.modules.get("shibokensupport.feature")
    if not hasattr(feature, "_mod_uses_pyside"):
        return False
    feature._mod_uses_pyside = _not_asked  # type: ignore[union-attr]
    return True


def _not_asked(module: ModuleType) -> bool:
    return False
