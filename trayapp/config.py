"""Where files live and how the program behaves: paths by platformdirs, settings from a TOML file.

Directories are 0700 and files in them 0600: a log of what somebody works on is nobody else's.
"""

from __future__ import annotations

import hashlib
import math
import os
import tempfile
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

import platformdirs

APP_ID = "trayapp"
_LONGEST_CHANNEL_DIR = 80
"""In bytes: a socket's path may have 103 (macOS; Linux: 107), its name included."""


class ConfigError(Exception):
    """The settings file cannot be used; the message says which line of it and what to do."""


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
        """Its time of change is the last moment a running entry was watched."""
        return self.state_dir / "last-seen"

    def make(self) -> None:
        """Create the directories, closed to others. Raises OSError."""
        for directory in (self.config_dir, self.data_dir, self.state_dir):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)


def _channel_dir(data_dir: Path) -> Path:
    """A short directory of this user for the socket: its path may have 107 bytes at most.

    Named after the database, so that two homes on one machine do not meet.
    """
    name = APP_ID + "-" + hashlib.sha256(os.fsencode(data_dir.absolute())).hexdigest()[:12]
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    fits = len(os.fsencode(runtime)) + len(name) <= _LONGEST_CHANNEL_DIR
    if runtime and fits and Path(runtime).is_dir():
        return Path(runtime) / name
    user = str(os.getuid()) if hasattr(os, "getuid") else "user"
    return Path(tempfile.gettempdir()) / f"{APP_ID}-{user}" / name


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a user may change. Durations carry their unit in the name."""

    language: str = ""
    """"en", "ru", or empty for the desktop's."""
    max_attempts: int = 5
    icon_size: int = 44
    """Pixels the tray picture is drawn at; see the icon's module for what fits which panel."""
    tray_patience_seconds: float = 30.0
    """For so long nothing need show the icon before that is worth a notification."""
    notify_waiting_minutes: int = 60
    """Waiting longer than this is worth a notification."""
    look_seconds: float = 10.0
    """At least so long between two looks for a request whose answer was lost."""

    @classmethod
    def read(cls, path: Path) -> Self:
        """The settings in `path`, defaults where it says nothing.

        Raises ConfigError for a file that is no TOML, an unknown name or a value of another type.
        """
        try:
            raw = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls()
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            msg = f"{path}: {error}"
            raise ConfigError(msg) from error
        kinds = {field.name: type(getattr(cls(), field.name)) for field in fields(cls)}
        for name, value in raw.items():
            if name not in kinds:
                msg = f"{path}: unknown setting {name!r}; known are {', '.join(sorted(kinds))}"
                raise ConfigError(msg)
            fits = type(value) is kinds[name] or (kinds[name] is float and type(value) is int)
            if not fits or (kinds[name] is not str and not 0 < value < math.inf):
                msg = f"{path}: {name} = {value!r} is not a positive {kinds[name].__name__}"
                raise ConfigError(msg if kinds[name] is not str else f"{path}: {name} is a text")
        return cls(**raw)
