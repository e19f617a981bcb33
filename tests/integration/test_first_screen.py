"""The first screen is light: what it does not need is loaded when it is there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.integration.program import ROOT

UNTIL_THE_ICON = """
import sys
before = set(sys.modules)
from pathlib import Path
from trayapp.app import App, surroundings
from trayapp.clock import SystemClock
from trayapp.config import Paths, Settings
from trayapp.desktop import tray
from trayapp.desktop.menu import tray_view
from trayapp.launch import _faces

paths = Paths.under(Path(sys.argv[1]))
paths.make()
where = surroundings(paths, Settings(), SystemClock())
app = App(where, faces=_faces(where, Settings(), tray=True))
app._observe()
tray_view(app._refreshed())
print(*set(sys.modules) - before)
app.core.close()
"""
A_CLICK_WITHOUT_THE_APP = """
import sys
before = set(sys.modules)
from trayapp.__main__ import main

assert main(["start", "Website"]) == 0
print(*set(sys.modules) - before)
"""
OURS = {
    "trayapp.answers",
    "trayapp.commands",
    "trayapp.control.channel",
    "trayapp.control.client",
    "trayapp.desktop.autostart",
    "trayapp.desktop.icon",
    "trayapp.queue.legacy",
    "trayapp.queue.migration",
    "trayapp.queue.salvage",
    "trayapp.reception",
    "trayapp.settings_file",
    "trayapp.signing",
    "trayapp.sync.discard",
    "trayapp.sync.settlement",
    "trayapp.sync.worker",
    "trayapp.timer",
}
OTHERS = {
    "_hashlib",  # brings OpenSSL, 3 MiB of it
    "argparse",
    "base64",
    "concurrent.futures",
    "filelock",
    "keyring",
    "logging.handlers",
    "PIL",
    "pickle",
    "plyer",
    "requests",
    "ssl",
    "tomllib",
    "tzlocal",
    "uuid",
}


def loaded(root: Path, program: str = UNTIL_THE_ICON) -> set[str]:
    """All modules that a program loads: a start, until it can show the first screen."""
    ran = subprocess.run(  # noqa: S603  # our own text
        [sys.executable, "-c", program, str(root)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(ran.stdout.split())


def test_until_the_icon_is_there_nothing_is_loaded_that_it_does_not_show(tmp_path: Path) -> None:
    loaded(tmp_path)  # makes the files
    found = loaded(tmp_path)
    assert "trayapp.desktop.menu" in found
    assert found & (OURS | OTHERS) == set()


def test_a_click_that_nobody_sends_loads_nothing_that_sends(tmp_path: Path) -> None:
    found = loaded(tmp_path, A_CLICK_WITHOUT_THE_APP)
    assert "trayapp.timer" in found
    assert found & {"trayapp.sync.worker", "trayapp.sync.settlement", "requests"} == set()
