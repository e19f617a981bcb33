"""Our own commands as programs: the sign-in window, the report, an import.

On any thread; they wait until the program has ended.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence

from trayapp.desktop.ourselves import ourselves
from trayapp.i18n import _
from trayapp.light import dataclass

USAGE = 2
"""The exit status of an import that needs to be told whose tasks these are."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended, and what it said."""

    status: int
    said: str
    complained: str

    @property
    def words(self) -> str:
        """What it said, or why it could not be done."""
        complaint = self.complained.strip().removeprefix("trayapp: ")
        return self.said.strip() if self.status == 0 else complaint or self.said.strip()


def run_ourselves(*words: str) -> Done:
    """Run one of our commands to its end."""
    try:
        done = subprocess.run(  # noqa: S603  # our own program, no shell
            [*ourselves(), *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            start_new_session=True,
            check=False,
        )
    except OSError as error:
        text = _("It could not be started: {reason}.").format(reason=error)
        return Done(1, "", text)
    return Done(done.returncode, done.stdout, done.stderr)


def field_of(said: str, name: str) -> str:
    """A text in an answer in JSON; empty where there is none."""
    try:
        answer = json.loads(said)
    except ValueError:
        return ""
    found = answer.get(name) if isinstance(answer, dict) else None
    return found if isinstance(found, str) else ""


def older_command(file: str, user: str = "") -> Sequence[str]:
    """The words that import an older database."""
    return ("import", file, *(("--user", user) if user else ()))
