"""Runs a verb: exit code 0, 2 for unusable input (one sentence on stderr), 1 for a bug; what else a verb may
end with, it says itself.

The answer alone is printed on stdout, at the end; see `quiet` for what libraries print meanwhile.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from viewer import diagnostics
from viewer.cli.answer import Answer, Parser
from viewer.cli.quiet import undisturbed
from viewer.errors import Cancelled, GlassboxError

VERBS: dict[str, str] = {
    "scan": "list the series under a path, and what is not shown and why",
    "models": "list the model bundles, their cards, and whether their digests hold",
    "tags": "list the attributes of a file",
    "pixels": "write the pixels of one frame at a stage of the grey-level chain",
    "volume": "write a whole series as one array, with its place in the patient",
    "explain": "ask a network about slices and write its probabilities and maps",
    "report": "write the annotated report page of one slice",
    "verify": "run the shipped golden checks on this machine",
}
"""Verb -> what it does. The module of a verb is called like it."""

INTERRUPTED = 130


def run(argv: Sequence[str]) -> int:
    """Run the verb `argv[0]` with the arguments after it; return the exit code."""
    answer: Answer
    try:
        module, options = _parsed(argv)
        with undisturbed() as printed:
            try:
                answer = module.answer(options)
            except (GlassboxError, Cancelled, MemoryError):
                raise
            except Exception as error:
                answer = _bug(error, printed())
    except SystemExit as stop:  # argparse, after it printed the help that was asked for
        return int(stop.code or 0)
    except GlassboxError as error:
        answer = _refusal(argv, error)
    except (KeyboardInterrupt, Cancelled):
        return INTERRUPTED
    except MemoryError:
        full = GlassboxError("There is not enough memory for this.", "Choose fewer slices or layers.")
        answer = _refusal(argv, full)
    return _print(answer, wants_json="--json" in argv)


def _parsed(argv: Sequence[str]) -> tuple[Any, argparse.Namespace]:
    verb = argv[0] if argv else ""
    if verb not in VERBS:
        raise GlassboxError(f"There is no verb '{verb}'.", remedy=f"Known: {', '.join(VERBS)}.")
    module = importlib.import_module(f"viewer.cli.{verb}")
    parser = Parser(
        prog=f"glassbox {verb}",
        description=_sentence(VERBS[verb]),
        epilog=module.EPILOG,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.add_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON document on stdout, nothing else")
    return module, parser.parse_args(_with_values(argv[1:]))


def _with_values(arguments: Sequence[str]) -> list[str]:
    """Tie ``--window -600,1500`` together: argparse takes what begins with a minus for an option."""
    tied: list[str] = []
    for argument in arguments:
        if tied and tied[-1] == "--window":
            tied[-1] = f"--window={argument}"
        else:
            tied.append(argument)
    return tied


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _refusal(argv: Sequence[str], error: GlassboxError) -> Answer:
    verb = argv[0] if argv else ""
    remedy = error.remedy or f"See: glassbox {verb} --help"
    sys.stderr.write(f"{error.what} {remedy}\n")
    # An error may bring what was found before it: a scan that shows nothing still says why.
    more = getattr(error, "table", {})
    return Answer({"error": error.what, "remedy": remedy, **more}, (), 2)


def _bug(error: Exception, printed: str) -> Answer:
    """What a reader may pass on: no message and nothing that was printed, for it may name a patient."""
    if sys.flags.dev_mode:
        sys.stderr.write(printed)
    sys.stderr.write(diagnostics.stack(error))
    what = f"Something went wrong inside Glassbox ({type(error).__name__})."
    sys.stderr.write(f"{what} Please report the lines above.\n")
    return Answer({"error": what, "remedy": "Please report the lines on stderr."}, (), 1)


def _print(answer: Answer, *, wants_json: bool) -> int:
    """Print the answer; a reader who has closed the pipe is no error."""
    lines = [json.dumps(answer.table, indent=1, allow_nan=False)] if wants_json else answer.lines
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        for line in lines:
            sys.stdout.write(line.encode(encoding, "replace").decode(encoding) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return answer.code
