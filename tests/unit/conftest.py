"""What several unit tests share."""

from types import SimpleNamespace

import pytest

from viewer import cli


@pytest.fixture
def run(capfd):
    """Run a verb: exit code, stdout, stderr."""

    def run(*argv):
        code = cli.run([str(argument) for argument in argv])
        out, err = capfd.readouterr()
        return SimpleNamespace(code=code, out=out, err=err)

    return run
