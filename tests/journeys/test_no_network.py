"""A hospital PC without network: everything works, and nothing even tries to call out."""

import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from viewer import resources

CUT_OFF = ["unshare", "--net", "--map-root-user"]
"""Runs a program in a network namespace that holds nothing, not even a loopback that is up."""


def _can_be_cut_off():
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*CUT_OFF, "true"], capture_output=True).returncode == 0


TRACED = """\
import os, sys

def hook(event, args):
    looked_up = event in ("socket.getaddrinfo", "socket.gethostbyname")
    called = event in ("socket.bind", "socket.connect", "socket.sendto") and isinstance(args[1], tuple)
    if looked_up or called:
        os.write(2, f"the network was asked for: {event}".encode())
        os._exit(99)

sys.addaudithook(hook)
"""
"""Ends a program that calls anybody. An address that is a tuple is one of a network; a Unix one is a path."""

START = "from viewer.app import main; sys.exit(main(sys.argv[1:]))"


def run(arguments, *, prefix=(), timeout=200):
    return subprocess.run(
        [*prefix, sys.executable, "-c", TRACED + START, *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
    )


@pytest.mark.skipif(not _can_be_cut_off(), reason="this system makes no network namespace")
def test_a_report_is_written_without_any_network(tmp_path):
    page = tmp_path / "page.png"
    wanted = ["report", str(resources.sample_study()), "--model", "phantom-lesion", "--slice", "16"]
    done = run([*wanted, "--out", str(page)], prefix=CUT_OFF)
    assert done.returncode == 0, done.stderr
    assert page.stat().st_size > 10_000


@pytest.mark.parametrize(
    "call",
    ["create_connection(('127.0.0.1', 9))", "getaddrinfo('example.invalid', 80)", "socket().bind(('', 0))"],
)
def test_a_program_that_calls_out_would_be_caught(call):
    code = f"{TRACED}\nimport socket\nsocket.{call}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 99 and "the network was asked for" in done.stderr


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_test_that_calls_out_fails(family):
    with socket.socket(family) as one, pytest.raises(AssertionError, match="network"):
        one.connect(("127.0.0.1", 9))


def test_a_test_that_looks_up_a_name_fails():
    with pytest.raises((AssertionError, urllib.error.URLError), match="network"):
        urllib.request.urlopen("http://example.invalid", timeout=1)
