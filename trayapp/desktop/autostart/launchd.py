"""Start at login on macOS: a launch agent of the user. Never run on macOS by us.

launchd keeps a user's "no" apart from the agent's file. System Settings keeps another, under
Allow in the Background, which no program may read: then it is shown as on, and does not start.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol, Self

from trayapp.config import APP_ID
from trayapp.desktop.autostart import files
from trayapp.desktop.autostart.port import AutostartError, LoginState, Program, wanted

_PATIENCE_SECONDS = 5


class Launchd(Protocol):
    """What launchd remembers about an agent. May block for seconds; raises OSError."""

    def is_disabled(self, label: str) -> bool: ...
    def enable(self, label: str) -> None: ...


class LaunchdAutostart:
    """The launch agent of one user."""

    def __init__(
        self,
        directory: Path,
        launchd: Launchd,
        program: Program | None,
        *,
        is_program: Callable[[str], bool] = os.path.isfile,
    ) -> None:
        self._file = directory / f"{APP_ID}.plist"
        self._launchd = launchd
        self._program = program
        self._is_program = is_program

    @classmethod
    def of_user(cls, program: Program | None) -> Self:
        """Where launchd looks, and launchd itself."""
        return cls(Path.home() / "Library" / "LaunchAgents", Launchctl(os.getuid()), program)

    def state(self) -> LoginState:
        agent = self._read()
        if agent is None:
            return LoginState.OFF
        refused = agent.get("Disabled") is True or self._is_disabled()
        return LoginState.OFF_BY_DESKTOP if refused else LoginState.ON

    def turn_on(self) -> None:
        if self.state() is LoginState.ON:
            self.repair()
            return
        self._write({})
        try:
            self._launchd.enable(APP_ID)
        except OSError as error:
            raise AutostartError(error) from error

    def turn_off(self) -> None:
        if self.state() is not LoginState.ON:
            return
        files.remove(self._file)

    def repair(self) -> bool:
        agent = self._read()
        # A no stays one: launchd is not asked here, for that takes a process, and not told.
        if agent is None or agent.get("Disabled") is True or self._program is None:
            return False
        words = agent.get("ProgramArguments")
        if isinstance(words, list) and words and self._is_program(str(words[0])):
            return False
        self._write(agent)
        return True

    def _is_disabled(self) -> bool:
        try:
            return self._launchd.is_disabled(APP_ID)
        except OSError as error:
            raise AutostartError(error) from error

    def _read(self) -> Mapping[str, object] | None:
        content = files.read(self._file)
        if content is None:
            return None
        import plistlib  # noqa: PLC0415  # only for those who start it at login
        from xml.parsers.expat import ExpatError  # noqa: PLC0415  # the same

        try:
            found: object = plistlib.loads(content)
        except (plistlib.InvalidFileException, ExpatError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _write(self, kept: Mapping[str, object]) -> None:
        import plistlib  # noqa: PLC0415  # as above

        agent = {
            **kept,
            "Label": APP_ID,
            "ProgramArguments": list(wanted(self._program)),
            "RunAtLoad": True,
            "LimitLoadToSessionType": "Aqua",
            "ProcessType": "Interactive",
        }
        files.replace(self._file, plistlib.dumps(agent))


class Launchctl:
    """launchd, asked through its command."""

    def __init__(self, user_id: int, *, command: str = "/bin/launchctl") -> None:
        self._domain = f"gui/{user_id}"
        self._command = command

    def is_disabled(self, label: str) -> bool:
        listed = self._run("print-disabled", self._domain)
        # The word was true before it was disabled.
        return re.search(rf'"{re.escape(label)}" => (disabled|true)\b', listed) is not None

    def enable(self, label: str) -> None:
        self._run("enable", f"{self._domain}/{label}")

    def _run(self, *words: str) -> str:
        try:
            return subprocess.run(  # noqa: S603  # our own words, no shell
                [self._command, *words],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=True,
                timeout=_PATIENCE_SECONDS,
                encoding="utf-8",
                errors="replace",
            ).stdout
        except subprocess.SubprocessError as error:
            raise OSError(str(error)) from error
