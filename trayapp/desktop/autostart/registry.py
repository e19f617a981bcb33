"""Start at login on Windows: a value under the user's key Run. Never run on Windows by us.

Task Manager writes a user's "no" beside it, under StartupApproved, and leaves the value alone.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from typing import Protocol

from trayapp.desktop.autostart.port import AutostartError, LoginState, Program, wanted
from trayapp.i18n import _

RUN = r"Software\Microsoft\Windows\CurrentVersion\Run"
APPROVED = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
NAME = "Trayapp"

_LONGEST = 260
"""Of a command under Run; Windows ignores a longer one."""
_FIRST_WORD = re.compile(
    r'\s*(?:"(?P<quoted>[^"]*)"|(?P<plain>.*?\.exe)\b|(?P<word>\S*))', re.IGNORECASE
)


class UserKeys(Protocol):
    """The user's part of the registry. Raises OSError; what is not there is None or no trouble."""

    def read(self, key: str, name: str) -> str | bytes | None: ...
    def write(self, key: str, name: str, text: str) -> None: ...
    def delete(self, key: str, name: str) -> None: ...


class RegistryAutostart:
    """The value under Run of one user."""

    def __init__(
        self,
        keys: UserKeys,
        program: Program | None,
        *,
        is_program: Callable[[str], bool] = os.path.isfile,
    ) -> None:
        self._keys = keys
        self._program = program
        self._is_program = is_program

    def state(self) -> LoginState:
        if not self._command():
            return LoginState.OFF
        return LoginState.OFF_BY_DESKTOP if self._is_refused() else LoginState.ON

    def turn_on(self) -> None:
        if self.state() is LoginState.ON:
            self.repair()
            return
        self._write()
        self._delete(APPROVED)

    def turn_off(self) -> None:
        if self.state() is LoginState.ON:
            self._delete(RUN)
            self._delete(APPROVED)

    def repair(self) -> bool:
        command = self._command()
        if not command or self._program is None or self._is_refused():
            return False
        if self._is_program(os.path.expandvars(first_word(command))):
            return False
        self._write()
        return True

    def _command(self) -> str:
        found = self._read(RUN)
        return found if isinstance(found, str) else ""

    def _is_refused(self) -> bool:
        mark = self._read(APPROVED)
        # An odd first byte is a no; when it was said follows.
        return isinstance(mark, bytes) and bool(mark) and mark[0] % 2 == 1

    def _read(self, key: str) -> str | bytes | None:
        try:
            return self._keys.read(key, NAME)
        except OSError as error:
            raise AutostartError(error) from error

    def _write(self) -> None:
        command = quoted(wanted(self._program))
        if len(command) > _LONGEST:
            raise AutostartError(_("the path of the program is too long for Windows"))
        try:
            self._keys.write(RUN, NAME, command)
        except OSError as error:
            raise AutostartError(error) from error

    def _delete(self, key: str) -> None:
        try:
            self._keys.delete(key, NAME)
        except OSError as error:
            raise AutostartError(error) from error


def quoted(program: Program) -> str:
    """As Windows takes a command; a path there has no quotes, and what follows no spaces."""
    return " ".join([f'"{program[0]}"', *program[1:]])


def first_word(command: str) -> str:
    """The program of a command, quoted or not."""
    found = _FIRST_WORD.match(command)
    return next((word for word in found.groups() if word), "") if found else ""


if sys.platform == "win32":
    import winreg

    class WindowsKeys:
        """The real one."""

        def read(self, key: str, name: str) -> str | bytes | None:
            try:
                with winreg.OpenKey(winreg.HKEY_CURRENT_USER, key) as opened:
                    found: object = winreg.QueryValueEx(opened, name)[0]
            except FileNotFoundError:
                return None
            return found if isinstance(found, str | bytes) else None

        def write(self, key: str, name: str, text: str) -> None:
            with winreg.CreateKey(winreg.HKEY_CURRENT_USER, key) as opened:
                winreg.SetValueEx(opened, name, 0, winreg.REG_SZ, text)

        def delete(self, key: str, name: str) -> None:
            try:
                with winreg.OpenKey(
                    winreg.HKEY_CURRENT_USER, key, access=winreg.KEY_SET_VALUE
                ) as opened:
                    winreg.DeleteValue(opened, name)
            except FileNotFoundError:
                return
