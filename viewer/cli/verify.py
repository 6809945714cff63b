"""`glassbox verify`: runs the shipped golden checks on this machine and says what it found."""

from __future__ import annotations

import argparse

from viewer import diagnostics
from viewer.cli.answer import Answer

EPILOG = "Exit code 0 if every check holds, 1 if one does not."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing but --json."""


def answer(options: argparse.Namespace) -> Answer:
    from viewer.cli.drawing import need_application
    from viewer.dicom import site_codecs
    from viewer.verification.checks import verify

    need_application()
    checks = verify()
    failed = [check for check in checks if not check.ok]
    table = {
        "ok": not failed,
        "checks": [{"name": check.name, "ok": check.ok, "detail": check.detail} for check in checks],
        "versions": dict([*diagnostics.versions(), *site_codecs.versions()]),
    }
    lines = [f"{'ok    ' if check.ok else 'FAILED'}  {check.name}: {check.detail}" for check in checks]
    if failed:
        lines.append(f"{len(failed)} of {len(checks)} checks failed: do not rely on this installation.")
    else:
        lines.append(f"All {len(checks)} checks hold on this machine.")
    return Answer(table, lines, 1 if failed else 0)
