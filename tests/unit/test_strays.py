"""The fixture that every test has: what a test leaves behind fails it, and is named."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.strays import Belongings

ROOT = Path(__file__).parents[2]
LITTLE_TESTS = """
import contextlib, os, socket, subprocess, sys, threading
KEPT, END = [], threading.Event()
SLEEPS = [sys.executable, "-c", "import sys; sys.stdin.read()", "sleeper"]

def child():
    return subprocess.Popen(SLEEPS, stdin=subprocess.PIPE)

def test_file(tmp_path):
    KEPT.append(open(tmp_path / "kept open", "w"))

def test_socket():
    KEPT.append(socket.socket())

def test_thread():
    threading.Thread(target=END.wait, name="stays", daemon=True).start()

def test_child():
    KEPT.append(child())

def test_child_that_ended():
    KEPT.append(subprocess.Popen(["true"]))

def test_forgotten_file(tmp_path):
    open(tmp_path / "forgotten", "w")

def test_failed(tmp_path):
    KEPT.append(open(tmp_path / "in a failed test", "w"))
    assert False

def test_clean(tmp_path):
    thread = threading.Thread(target=lambda: END.wait(0.05))
    thread.start()
    ring = [open(tmp_path / "closed", "w")]
    ring.append(ring)
    ring[0].close()
    with child() as process:
        process.communicate()

def test_ring_of_open_descriptors():
    class Holder:
        def __init__(self):
            self.me, self.end = self, os.dup(0)
        def __del__(self):
            os.close(self.end)
    Holder()
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What pytest says about the little tests, each of which leaves something else behind."""
    folder = tmp_path_factory.mktemp("strays")
    file, settings = folder / "test_little.py", folder / "pytest.ini"
    file.write_text(LITTLE_TESTS, encoding="utf-8")
    settings.write_text("[pytest]\nfilterwarnings = error\n", encoding="utf-8")
    plugins = ("-p", "tests.conftest", "-p", "no:randomly", "-p", "no:cacheprovider")
    options = ("-c", str(settings), "--rootdir", str(folder), "--stray-patience", "0.3")
    ran = subprocess.run(  # noqa: S603  # our own interpreter
        [sys.executable, "-m", "pytest", "-rA", "-q", *plugins, *options, str(file)],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "1000"},  # the summary's lines are not to be cut
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.stdout[ran.stdout.index("short test summary") :]


@pytest.mark.parametrize(
    ("test", "left"),
    [
        pytest.param("file", r"file \d+ → /.+/kept open", id="a file"),
        pytest.param("socket", r"file \d+ → socket:\[\d+\]", id="a socket"),
        pytest.param("thread", "thread stays", id="a thread"),
        pytest.param("child", r"child \d+: .+ sleeper; file \d+ → pipe:\[\d+\]", id="a child"),
        pytest.param(
            "child_that_ended",
            r"child \d+: true, which ended and was not waited for",
            id="a child that has ended",
        ),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="files and children are told by /proc")
def test_what_is_left_behind_fails_the_test_and_is_named(said: str, test: str, left: str) -> None:
    assert re.search(rf"^ERROR .*::test_{test} - Failed: left behind: {left}$", said, re.MULTILINE)
    assert re.search(rf"^PASSED .*::test_{test}$", said, re.MULTILINE), "but for what it left"


def test_a_file_that_is_forgotten_and_collected_is_an_error_too(said: str) -> None:
    assert re.search(
        r"^FAILED .*::test_forgotten_file - pytest.PytestUnraisable", said, re.MULTILINE
    )


@pytest.mark.parametrize("test", ["clean", "ring_of_open_descriptors"])
def test_what_ends_by_itself_is_no_stray(said: str, test: str) -> None:
    assert re.search(rf"^PASSED .*::test_{test}$", said, re.MULTILINE)
    assert not re.search(rf"^(ERROR|FAILED) .*::test_{test}\b", said, re.MULTILINE)


def test_a_test_that_failed_is_not_blamed_for_the_files_in_its_traceback(said: str) -> None:
    assert re.search(r"^FAILED .*::test_failed", said, re.MULTILINE)
    assert not re.search(r"^ERROR .*::test_failed", said, re.MULTILINE)


def test_looking_costs_less_than_a_millisecond_a_test() -> None:
    Belongings.now().strays()

    def look() -> float:
        began = time.thread_time()
        Belongings.now().strays()
        return time.thread_time() - began

    assert min(look() for _ in range(50)) < 0.001
