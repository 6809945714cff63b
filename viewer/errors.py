"""The errors a user may see: each says what happened and what to do next."""


class GlassboxError(Exception):
    """Something the user can understand and act on; anything else is a bug.

    Parameters
    ----------
    what : one sentence saying what happened, without patient data.
    remedy : one sentence saying what to do next; empty if there is nothing to do.
    """

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what} {self.remedy}".strip()


class StudyError(GlassboxError):
    """A path that holds nothing readable, or a file that is not what it claims."""


class PixelError(GlassboxError):
    """Pixel data that cannot be decoded or displayed."""


class ModelError(GlassboxError):
    """A model bundle that is incomplete, altered, or does not fit the study."""


class PolicyError(GlassboxError):
    """A policy file of the site that cannot be understood."""


class ReportError(GlassboxError):
    """A report that cannot be drawn, saved or read back."""


class Cancelled(Exception):
    """Nobody waits for the result any more. Not an error: it is silent."""
