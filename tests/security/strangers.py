"""Another user of this computer, where the tests may become one."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

NOBODY = 65534

_PACKAGES = ("trayapp", "platformdirs")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")


def as_nobody(program: str, *typed: str) -> str:
    """What a Python program of another user prints.

    It runs a copy of this program: the folder of the tests may be closed to others.
    """
    with tempfile.TemporaryDirectory(prefix="open-") as made:
        _copy_to(Path(made))
        ran = subprocess.run(  # noqa: S603  # the tests' own program
            # What a virtual environment's Python is a link to: that one lies with the tests.
            [Path(sys.executable).resolve(), "-c", program, *typed],
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            cwd=made,
            env={"PYTHONPATH": made, "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert not ran.returncode, ran.stderr
    return ran.stdout.strip()


def _copy_to(folder: Path) -> None:
    for name in _PACKAGES:
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        ignored = shutil.ignore_patterns("*.pyc.*")  # somebody compiles just now
        shutil.copytree(Path(spec.origin).parent, folder / name, ignore=ignored)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
