"""Glassbox without a window: the same functions as rows of a table of verbs.

To add a verb: a module with `add_arguments(parser)` and `answer(options) -> Answer`, and its row in `VERBS`.
"""

from viewer.cli.run import VERBS, run

__all__ = ["VERBS", "run"]
