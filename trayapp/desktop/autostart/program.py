"""Which words start this program at the next login, too. Pure but for looking at files."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Self

from trayapp.config import APP_ID
from trayapp.desktop.autostart.port import Program
from trayapp.light import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """How the present process was started."""

    executable: str
    first_word: str
    """`sys.argv[0]`."""
    package: Path
    """Where our modules are."""
    prefix: str
    """Where the interpreter's libraries are."""
    frozen: bool
    image: str = ""
    """The AppImage that is mounted for us."""
    on_windows: bool = False

    @classmethod
    def now(cls) -> Self:
        """The process that asks."""
        mounted = os.environ.get("APPDIR", "")
        inside = bool(mounted) and Path(sys.executable).is_relative_to(mounted)
        return cls(
            executable=sys.executable,
            first_word=sys.argv[0],
            package=Path(__file__).resolve().parents[2],
            prefix=sys.prefix,
            frozen=bool(getattr(sys, "frozen", False)),
            image=os.environ.get("APPIMAGE", "") if inside else "",
            on_windows=sys.platform == "win32",
        )


def program_of(running: Running) -> Program | None:
    """The words that start it again; None when that place will be gone by then."""
    if running.image:
        return (running.image,)
    if "/AppTranslocation/" in running.executable:
        return None  # macOS runs what was just downloaded from a place made for this one time
    if running.frozen:
        return (_quiet(running, f"{APP_ID}w.exe"),)
    if running.on_windows:
        return (_quiet(running, "pythonw.exe"), "-m", APP_ID)
    script = _script(running)
    return (str(script),) if script is not None else (running.executable, "-m", APP_ID)


def _quiet(running: Running, twin: str) -> str:
    """On Windows the program beside it that opens no console for as long as we run."""
    quiet = Path(running.executable).with_name(twin)
    return str(quiet) if running.on_windows and quiet.is_file() else running.executable


def _script(running: Running) -> Path | None:
    """The command that an installation made; links are kept, for updates change where they lead."""
    typed = Path(running.first_word).absolute()
    beside = Path(running.executable).with_name(APP_ID)
    belongs = running.package.is_relative_to(running.prefix)
    places = [typed] if typed.name == APP_ID else []
    places += [beside] if belongs else []
    return next((place for place in places if is_program(str(place))), None)


def is_program(word: str) -> bool:
    """Whether a command's first word leads to something that can be started."""
    if os.sep in word:
        return os.path.isfile(word) and os.access(word, os.X_OK)  # noqa: PTH113  # the same in one look
    import shutil  # noqa: PLC0415  # not for what we wrote ourselves

    return shutil.which(word) is not None
