"""Another user of this computer, where the tests may become one."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

NOBODY = 65534
ROOT = Path(__file__).parents[2]

_FOLDERS = {*Path(sys.executable).parents, *ROOT.parents, ROOT}
_IS_OPEN = all(folder.stat().st_mode & stat.S_IXOTH for folder in _FOLDERS)
as_root = pytest.mark.skipif(
    os.geteuid() != 0 or not _IS_OPEN,
    reason="only root becomes another user, and that one has to reach this program",
)


def as_nobody(program: str, *typed: str) -> str:
    """What a Python program of another user prints."""
    ran = subprocess.run(  # noqa: S603  # the tests' own program
        [sys.executable, "-c", program, *typed],
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert not ran.returncode, ran.stderr
    return ran.stdout.strip()
