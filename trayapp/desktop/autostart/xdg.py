"""Start at login on free desktops: an entry in the user's autostart directory.

It hides one of the same name that a package put into a directory of the system; a user's "no" is
an entry of theirs that says so.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import platformdirs

from trayapp.config import APP_ID
from trayapp.desktop.autostart import entry, files
from trayapp.desktop.autostart.port import AutostartError, LoginState, Program, wanted
from trayapp.desktop.autostart.program import is_program
from trayapp.i18n import _

_FILE = f"{APP_ID}.desktop"
_SYSTEM = "/etc/xdg"
_NO = (
    ("Hidden", "true"),
    ("X-GNOME-Autostart-enabled", "false"),
    ("X-MATE-Autostart-enabled", "false"),
)
"""How the desktops' own tools write down that the user does not want an entry."""
_SHELL = ("/bin/sh", "-c", 'exec "$0" "$@"')
"""Before a program whose path has a % or =: GLib looks for the one as it is written, doubled, and
the specification forbids the other."""
_BASE = {"Type": "Application", "Name": "Trayapp", "Icon": APP_ID, "Terminal": "false"}


class XdgAutostart:
    """The autostart entry of one user."""

    def __init__(
        self, user_dir: Path, system_dirs: Sequence[Path], program: Program | None
    ) -> None:
        self._own = user_dir / _FILE
        self._others = [directory / _FILE for directory in system_dirs]
        self._program = program

    @classmethod
    def of_user(cls, program: Program | None) -> Self:
        """Where the desktop looks, by the specification of base directories."""
        named = os.environ.get("XDG_CONFIG_DIRS", "") or _SYSTEM
        system = [Path(one) for one in named.split(":") if one.startswith("/")]
        user = platformdirs.user_config_path()
        return cls(user / "autostart", [one / "autostart" for one in system], program)

    def state(self) -> LoginState:
        own = _read(self._own)
        if own is None:
            return LoginState.ON if self._system_wants_it() else LoginState.OFF
        keys = entry.keys_of(own)
        if _says_no(keys):
            return LoginState.OFF_BY_DESKTOP
        return LoginState.ON if "Exec" in keys else LoginState.OFF

    def turn_on(self) -> None:
        if self.state() is LoginState.ON:
            self.repair()
            return
        own = _read(self._own) or ""
        keys = entry.keys_of(own)
        missing = {key: value for key, value in _BASE.items() if key not in keys}
        consent: dict[str, str | None] = {key: None for key, no in _NO if keys.get(key) == no}
        self._write(own, missing | self._start() | consent)

    def turn_off(self) -> None:
        if self.state() is not LoginState.ON:
            return
        if self._system_wants_it():
            own = _read(self._own) or ""
            missing = {key: value for key, value in _BASE.items() if key not in entry.keys_of(own)}
            self._write(own, missing | {"Hidden": "true"})
            return
        files.remove(self._own)

    def repair(self) -> bool:
        own = _read(self._own)
        if own is None or self._program is None:
            return False
        keys = entry.keys_of(own)
        if _says_no(keys) or "Exec" not in keys:
            return False
        words = entry.words_of(keys["Exec"])
        words = words[len(_SHELL) :] if words[: len(_SHELL)] == _SHELL else words
        if words and is_program(words[0]):
            return False
        self._write(own, self._start())
        return True

    def _start(self) -> dict[str, str | None]:
        program = wanted(self._program)
        shell = _SHELL if {"%", "="} & set(program[0]) else ()
        return {"TryExec": entry.value(program[0]), "Exec": entry.command([*shell, *program])}

    def _system_wants_it(self) -> bool:
        texts = (_read(path) for path in self._others)
        first = next((text for text in texts if text is not None), None)
        return first is not None and not _says_no(entry.keys_of(first))

    def _write(self, own: str, changes: Mapping[str, str | None]) -> None:
        try:
            entry.changed("", changes).encode()
        except UnicodeError as error:
            raise AutostartError(_("the path of the program is no text")) from error
        files.replace(self._own, entry.changed(own, changes).encode(errors="surrogateescape"))


def _read(path: Path) -> str | None:
    content = files.read(path)
    return None if content is None else content.decode(errors="surrogateescape")


def _says_no(keys: Mapping[str, str]) -> bool:
    return any(keys.get(key) == no for key, no in _NO)
