"""Where files live and how the program behaves: paths by platformdirs, settings from a TOML file.

Directories are 0700 and files in them 0600: a log of what somebody works on is nobody else's.
"""

from __future__ import annotations

import os
import re
import stat
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields, replace
from datetime import time
from pathlib import Path
from typing import Self

import platformdirs

from trayapp.ca_file import trouble_with
from trayapp.i18n import _
from trayapp.light import dataclass

APP_ID = "trayapp"
ICON_STYLES = ("colour", "symbolic")
_HAS_MODES = os.name == "posix"
_DIRECTORY_MODE = 0o700
_OPEN_TO_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
_LARGEST = 1_000_000
"""Of any setting: far more than anybody wants, and far less than breaks a date."""
_LONGEST_CHANNEL_DIR = 80
"""In bytes: a socket's path may have 103 (macOS; Linux: 107), its name included."""


class ConfigError(Exception):
    """The settings file cannot be used; the message says which line of it and what to do."""


class BadSettingError(ValueError):
    """A setting called `name` cannot have that value, or is none; the message says why."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Every place the program writes to."""

    config_dir: Path
    data_dir: Path
    state_dir: Path
    channel_dir: Path

    @classmethod
    def of_user(cls) -> Self:
        """The directories of the platform (XDG on Linux)."""
        data_dir = platformdirs.user_data_path(APP_ID, appauthor=False)
        return cls(
            config_dir=platformdirs.user_config_path(APP_ID, appauthor=False),
            data_dir=data_dir,
            state_dir=platformdirs.user_state_path(APP_ID, appauthor=False),
            channel_dir=_channel_dir(data_dir),
        )

    @classmethod
    def under(cls, root: Path) -> Self:
        """Everything below one directory: for the demo and for tests."""
        data_dir = root / "data"
        return cls(
            config_dir=root / "config",
            data_dir=data_dir,
            state_dir=root / "state",
            channel_dir=_channel_dir(data_dir),
        )

    @property
    def database(self) -> Path:
        """The queue and the log of clicks."""
        return self.data_dir / "trayapp.db"

    @property
    def embedded_database(self) -> Path:
        """The file of the server inside."""
        return self.data_dir / "embedded.db"

    @property
    def settings(self) -> Path:
        """The user's settings, TOML; need not exist."""
        return self.config_dir / "settings.toml"

    @property
    def log(self) -> Path:
        """The newest log file."""
        return self.state_dir / "trayapp.log"

    @property
    def instance_lock(self) -> Path:
        """Held by whoever runs the worker."""
        return self.data_dir / "instance.lock"

    @property
    def writer_lock(self) -> Path:
        """Held around each transaction."""
        return self.data_dir / "writer.lock"

    @property
    def last_seen(self) -> Path:
        """When a running entry was last watched, and the gap before; see `trayapp.watch`."""
        return self.state_dir / "last-seen"

    def make(self) -> None:
        """Create the directories, and close those that are open to others. Raises OSError."""
        for directory in (self.config_dir, self.data_dir, self.state_dir):
            _make_directory(directory)
            with suppress(OSError):  # not ours, or on a disk that knows no modes
                _close(directory)

    def open_to_others(self) -> list[Path]:
        """The directories in which other users could put what they like."""
        directories = (self.config_dir, self.data_dir, self.state_dir)
        found = [one for one in directories if one.stat().st_mode & _WRITABLE_BY_OTHERS]
        return found if _HAS_MODES else []


def _make_directory(directory: Path) -> None:
    """Make it and those above it, each for its owner only, whatever the umask."""
    if directory.is_dir():
        return
    if directory != directory.parent:
        _make_directory(directory.parent)
    directory.mkdir(mode=_DIRECTORY_MODE, exist_ok=True)  # another process may be as fast
    directory.chmod(_DIRECTORY_MODE)


def _close(directory: Path) -> None:
    """Close it to others, and take out the links they could have put there meanwhile."""
    if not _HAS_MODES or directory.stat().st_uid != os.geteuid():
        return
    mode = directory.stat().st_mode
    if mode & _OPEN_TO_OTHERS:
        directory.chmod(_DIRECTORY_MODE)
    if mode & _WRITABLE_BY_OTHERS:
        for one in directory.iterdir():
            if one.is_symlink() and one.lstat().st_uid not in {0, os.geteuid()}:
                one.unlink()


def _channel_dir(data_dir: Path) -> Path:
    """A short directory of this user for the socket, whose path may not be long.

    Named after the database, so that two homes on one machine do not meet.
    """
    name = f"{APP_ID}-{zlib.crc32(os.fsencode(data_dir.absolute())):08x}"
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    fits = len(os.fsencode(runtime)) + len(name) <= _LONGEST_CHANNEL_DIR
    if runtime and fits and Path(runtime).is_dir():
        return Path(runtime) / name
    if not hasattr(os, "getuid"):  # Windows: no socket, and its profile is the user's own
        return data_dir / "channel"
    import tempfile  # noqa: PLC0415  # a session has that directory

    return Path(tempfile.gettempdir()) / f"{APP_ID}-{os.getuid()}" / name


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a user may change. Durations carry their unit in the name."""

    language: str = ""
    """"en", "ru", or empty for the desktop's."""
    max_attempts: int = 5
    icon_size: int = 44
    """Pixels the tray picture is drawn at; see the icon's module for what fits which panel."""
    icon_style: str = "colour"
    """One of `ICON_STYLES`."""
    tray_patience_seconds: float = 30.0
    """For so long nothing need show the icon before that is worth a notification."""
    notify_waiting_minutes: int = 60
    """Waiting longer than this is worth a notification."""
    look_seconds: float = 10.0
    """At least so long between two looks for a request whose answer was lost."""
    notifications: bool = True
    """Whether anything is said unasked; what failed is shown by the icon all the same."""
    quiet_from: str = ""
    """With `quiet_to`, such as "22:00" and "7:00": what there is to say waits for the end."""
    quiet_to: str = ""
    ca_file: str = ""
    """A PEM file: a server whose certificate leads to one of these is trusted, too."""

    @classmethod
    def read(cls, path: Path) -> Self:
        """The settings in `path`, defaults where it says nothing.

        Raises ConfigError for a file that is no TOML, an unknown name or a value of another type;
        not for a `ca_file` that is away: clicks are recorded meanwhile, and the server says no.
        """
        try:
            text = path.read_text(encoding="utf-8")
            import tomllib  # noqa: PLC0415  # most people have no such file

            raw = tomllib.loads(text)
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError, RecursionError) as error:
            msg = f"{path}: {error}"
            raise ConfigError(msg) from error
        try:
            return cls.of(raw)
        except BadSettingError as bad:
            msg = f"{path}: {_place_of(bad.name, text)}{bad}"
            raise ConfigError(msg) from bad

    @classmethod
    def of(cls, raw: Mapping[str, object]) -> Self:
        """The settings with these values, defaults for the others. Raises BadSettingError."""
        default = cls()
        known = sorted(field.name for field in fields(cls))
        for name, value in raw.items():
            if name not in known:
                msg = _("unknown setting {name!r}; known are {known}")
                raise BadSettingError(name, msg.format(name=name, known=", ".join(known)))
            if fault := _fault(name, value, getattr(default, name)):
                raise BadSettingError(name, fault)
        settings = replace(default, **raw)  # type: ignore[arg-type]  # looked at just now
        if trouble := _trouble(settings):
            raise BadSettingError(*trouble)
        return settings


def _place_of(name: str, text: str) -> str:
    """Such as "line 3: "; empty where it is not written at the beginning of a line."""
    begins = re.compile(rf"""\s*\[?["']?{re.escape(name)}["']?\s*[].=]""")
    lines = enumerate(text.split("\n"), start=1)
    found = next((number for number, line in lines if begins.match(line)), None)
    return "" if found is None else _("line {number}: ").format(number=found)


def _fault(name: str, value: object, default: object) -> str:
    """Why this can be no value of that setting; empty for nothing."""
    if isinstance(default, str):
        return "" if isinstance(value, str) else _("{name} is a text").format(name=name)
    if isinstance(default, bool):
        said = _("{name} is either true or false").format(name=name)
        return "" if isinstance(value, bool) else said
    kind = type(default)
    is_number = isinstance(value, (int, float) if kind is float else int)
    if isinstance(value, bool) or not is_number or not value > 0:  # type: ignore[operator]
        words = _("{name} = {value!r} is not a positive number")
        if kind is int:
            words = _("{name} = {value!r} is not a positive whole number")
        return words.format(name=name, value=value)
    too_large = value > _LARGEST  # type: ignore[operator]
    return _("{name} is larger than {limit}").format(name=name, limit=_LARGEST) if too_large else ""


def _trouble(settings: Settings) -> tuple[str, str] | None:
    """The setting whose value is of the right type and wrong all the same, and why."""
    if settings.icon_style not in ICON_STYLES:
        words = _("icon_style = {value!r}: it must be one of {known}")
        known = ", ".join(ICON_STYLES)
        return "icon_style", words.format(value=settings.icon_style, known=known)
    if trouble := trouble_with(settings.ca_file):
        return "ca_file", f"ca_file = {settings.ca_file!r}: {trouble}"
    for name in ("quiet_from", "quiet_to"):
        text = getattr(settings, name)
        if text and time_of_day(text) is None:
            words = _("{name} = {value!r}: it must be a time such as 22:00")
            return name, words.format(name=name, value=text)
    if bool(settings.quiet_from) is not bool(settings.quiet_to):
        lacking = "quiet_to" if settings.quiet_from else "quiet_from"
        words = _("{name} is missing: quiet hours have a beginning and an end")
        return lacking, words.format(name=lacking)
    return None


def time_of_day(text: str) -> time | None:
    """The time that "22:00" says, None for anything else."""
    found = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text, re.ASCII)
    return time(int(found[1]), int(found[2])) if found else None
