"""Three systems that start programs at login: a real directory, and two fakes of ours."""

from __future__ import annotations

import plistlib
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from trayapp.desktop.autostart import Autostart
from trayapp.desktop.autostart.entry import keys_of, words_of
from trayapp.desktop.autostart.launchd import LaunchdAutostart
from trayapp.desktop.autostart.port import Program
from trayapp.desktop.autostart.registry import APPROVED, NAME, RUN, RegistryAutostart, first_word
from trayapp.desktop.autostart.xdg import XdgAutostart


class Bench(Protocol):
    """A system, what it would start, and what its user does in its own settings."""

    def made(self, program: Program | None) -> Autostart: ...
    def program(self, name: str) -> Program: ...
    def uninstall(self, program: Program) -> None: ...
    def started(self) -> str | None: ...
    def user_says_no(self) -> None: ...
    def user_says_yes(self) -> None: ...
    def breaks(self) -> None: ...
    def content(self) -> object: ...


def made_program(directory: Path, name: str) -> Program:
    """A program that can be started."""
    path = directory / name / "trayapp"
    path.parent.mkdir(parents=True)
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    path.chmod(0o755)
    return (str(path),)


class XdgBench:
    """Real files. A desktop's tool says no with the key its user's desktop has."""

    def __init__(self, root: Path, *, no: str = "Hidden=true") -> None:
        self.root = root
        self.user = root / "config" / "autostart"
        self.system = [root / "etc-site" / "autostart", root / "etc" / "autostart"]
        self.file = self.user / "trayapp.desktop"
        self._no = no

    def made(self, program: Program | None) -> Autostart:
        return XdgAutostart(self.user, self.system, program)

    def program(self, name: str) -> Program:
        return made_program(self.root, name)

    def uninstall(self, program: Program) -> None:
        Path(program[0]).unlink()

    def package_ships(self, text: str = "[Desktop Entry]\nExec=trayapp\n", *, to: int = 1) -> None:
        self.system[to].mkdir(parents=True)
        (self.system[to] / "trayapp.desktop").write_text(text, encoding="utf-8")

    def started(self) -> str | None:
        if not self.file.exists():
            return None
        words = words_of(keys_of(self.file.read_text(encoding="utf-8")).get("Exec", ""))
        return words[0] if words else None

    def user_says_no(self) -> None:
        text = self.file.read_text(encoding="utf-8") if self.file.exists() else "[Desktop Entry]\n"
        self.write(text + self._no + "\n")

    def user_says_yes(self) -> None:
        text = self.file.read_text(encoding="utf-8")
        self.write(text.replace(self._no + "\n", ""))

    def write(self, text: str) -> None:
        self.user.mkdir(parents=True, exist_ok=True)
        self.file.write_text(text, encoding="utf-8")

    def breaks(self) -> None:
        self.user.parent.mkdir(parents=True)
        self.user.write_text("a file where the directory belongs", encoding="utf-8")

    def content(self) -> object:
        return self.file.read_bytes() if self.file.exists() else None


class FakeUserKeys:
    """Values under keys, as Windows keeps them for a user."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], str | bytes] = {}
        self.is_locked = False

    def read(self, key: str, name: str) -> str | bytes | None:
        return self.values.get((key, name))

    def write(self, key: str, name: str, text: str) -> None:
        self._need_key()
        self.values[key, name] = text

    def delete(self, key: str, name: str) -> None:
        self._need_key()
        self.values.pop((key, name), None)

    def _need_key(self) -> None:
        if self.is_locked:
            raise PermissionError(13, "Access is denied")


class RegistryBench:
    """Task Manager's marks: three, then when; or two and nothing."""

    def __init__(self, _root: Path) -> None:
        self.keys = FakeUserKeys()
        self.installed: set[str] = set()

    def made(self, program: Program | None) -> Autostart:
        return RegistryAutostart(self.keys, program, is_program=lambda word: word in self.installed)

    def program(self, name: str) -> Program:
        path = rf"C:\Users\Zoë Q\{name}\pythonw.exe"
        self.installed.add(path)
        return (path, "-m", "trayapp")

    def uninstall(self, program: Program) -> None:
        self.installed.remove(program[0])

    def started(self) -> str | None:
        command = self.keys.read(RUN, NAME)
        return first_word(command) if isinstance(command, str) else None

    def user_says_no(self) -> None:
        self.keys.values[APPROVED, NAME] = bytes.fromhex("03000000d40d438dc83bd901")

    def user_says_yes(self) -> None:
        self.keys.values[APPROVED, NAME] = bytes.fromhex("020000000000000000000000")

    def breaks(self) -> None:
        self.keys.is_locked = True

    def content(self) -> object:
        return dict(self.keys.values)


class FakeLaunchd:
    """Remembers which agents its user disabled, apart from their files."""

    def __init__(self) -> None:
        self.disabled: set[str] = set()

    def is_disabled(self, label: str) -> bool:
        return label in self.disabled

    def enable(self, label: str) -> None:
        self.disabled.discard(label)


class LaunchdBench:
    """Real files, and a launchd of ours."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.agents = root / "LaunchAgents"
        self.file = self.agents / "trayapp.plist"
        self.launchd = FakeLaunchd()

    def made(self, program: Program | None) -> Autostart:
        return LaunchdAutostart(self.agents, self.launchd, program)

    def program(self, name: str) -> Program:
        return made_program(self.root, name)

    def uninstall(self, program: Program) -> None:
        Path(program[0]).unlink()

    def started(self) -> str | None:
        words = self.words()
        return str(words[0]) if words else None

    def words(self) -> Sequence[object]:
        if not self.file.exists():
            return ()
        found = plistlib.loads(self.file.read_bytes())["ProgramArguments"]
        assert isinstance(found, list)
        return found

    def user_says_no(self) -> None:
        self.launchd.disabled.add("trayapp")

    def user_says_yes(self) -> None:
        self.launchd.disabled.clear()

    def breaks(self) -> None:
        self.agents.write_text("a file where the directory belongs", encoding="utf-8")

    def content(self) -> object:
        return self.file.read_bytes() if self.file.exists() else None
