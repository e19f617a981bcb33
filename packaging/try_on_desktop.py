"""Try an installed program on a virtual desktop: icon, click, notification, window, Russian, end.

Usage: python packaging/try_on_desktop.py [--picture FILE] PROGRAM

PROGRAM is the whole path of what a package installed. What is here decides nothing about right
and wrong beyond that; the tests do. Says each step; its exit status is 0 when all came true.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from virtual_desktop import VirtualDesktop

from tests.gui.tray_client import TrayClient
from tests.patience import wait_for

_START_SECONDS = 30.0


class _Trial:
    """One program on one desktop."""

    def __init__(self, desktop: VirtualDesktop, program: str) -> None:
        self._desktop = desktop
        self._program = program

    def main(self, picture: Path | None) -> None:
        """Every step. Raises SystemExit at the first that does not come true."""
        # No opener is found, so that the app has something to tell.
        app = self._desktop.spawn(["env", "PATH=/nowhere", self._program], name="app")
        with TrayClient(self._desktop) as client:
            self._expect(wait_for(client.is_registered, seconds=_START_SECONDS), "icon is shown")
            client.click("Start")
            self._expect(wait_for(lambda: self._state() == "running"), "a click is recorded")
            client.click("Open log")
            told = wait_for(lambda: "The log could not be opened" in self._notifications())
            self._expect(told, "a notification is shown")
            client.click("Sign in…")
            self._expect(self._is_open("Sign in"), "the app opens a window")
            self._desktop.spawn([self._program, "failed", "--window"], name="window")
            self._expect(self._is_open("Failed tasks"), "a command opens a window")
            if picture is not None:
                self._desktop.shot(picture)
            checks = self._checks()
            problems = [text for state, text in checks.values() if state == "problem"]
            self._expect(not problems, f"doctor finds no problem {problems}")
            state, text = checks["keyring"]
            opens = state == "ok" and "There is no keyring" not in text
            self._expect(opens, f"the keyring can be used: {text}")
            self._expect("КОМАНДА" in self._help("ru"), "the Russian catalogue is inside")
            self._typed("quit")
            self._expect(app.wait(_START_SECONDS) == 0, "quit ends it")
            self._expect(wait_for(lambda: not client.is_registered()), "icon is gone")

    def _is_open(self, title: str) -> bool:
        search = ["xdotool", "search", "--onlyvisible", "--name", title]
        return wait_for(lambda: self._desktop.run(search).returncode == 0)

    def _typed(self, *words: str) -> str:
        return self._desktop.run([self._program, *words], timeout=_START_SECONDS).stdout

    def _help(self, language: str) -> str:
        words = ["env", f"LANGUAGE={language}", self._program, "--help"]
        return self._desktop.run(words, timeout=_START_SECONDS).stdout

    def _state(self) -> str:
        return str(json.loads(self._typed("status", "--json"))["tracker"])

    def _notifications(self) -> list[str]:
        self._desktop.run(["dunstctl", "close-all"])
        history = json.loads(self._desktop.run(["dunstctl", "history"]).stdout)
        return [str(one["summary"]["data"]) for one in history["data"][0]]

    def _checks(self) -> dict[str, tuple[str, str]]:
        """State and message of each of the doctor's."""
        checks = json.loads(self._typed("doctor", "--json"))["checks"]
        return {str(one["name"]): (str(one["state"]), str(one["message"])) for one in checks}

    def _expect(self, came_true: object, what: str) -> None:
        print(f"  {'ok' if came_true else 'FAILED'}: {what}", flush=True)
        if not came_true:
            raise SystemExit(self._desktop.log("app") or 1)


def main(arguments: Sequence[str]) -> int:
    match list(arguments):
        case ["--picture", picture, program]:
            kept: Path | None = Path(picture)
        case [program]:
            kept = None
        case _:
            print(__doc__)
            return 2
    with VirtualDesktop() as desktop:
        _Trial(desktop, program).main(kept)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
